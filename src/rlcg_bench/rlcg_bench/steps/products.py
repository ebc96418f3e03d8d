# SPDX-License-Identifier: Apache-2.0
"""Matrix products in ONNX Runtime: the yardstick, and what the processor can do at best."""

import time

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from rlcg_bench.frame import Answer, Frame
from rlcg_bench.steps import Setup, Step
from rlcg_policy.plans import CPU_FLOAT32
from rlcg_policy.sessions import Session, open_plan

YARDSTICK_SIDE = 2048
# Small enough for the caches, so that arithmetic is all that is left.
PEAK_SIDES = (384, 512)
PEAK_REPEATS = 12


def gflop(side: int) -> float:
    """Return 10^9 operations of the product of two square matrices."""
    return 2.0 * side**3 / 1e9


def build_yardstick(setup: Setup) -> Step:
    """Return one float32 product of two inputs (2048, 2048)."""
    rng = np.random.default_rng(0)
    a, b = (_normal(rng, YARDSTICK_SIDE) for _ in range(2))
    session = open_plan(_product("MatMul", YARDSTICK_SIDE), CPU_FLOAT32, setup.threads)

    def step(frame: Frame) -> Answer:
        session.run(["c"], {"a": a, "b": b})
        return Answer()

    return step


def build_peak(setup: Setup) -> Step:
    """Return small products with a constant factor; ``rates`` holds the best, per core.

    A lower bound of the processor's peak: whatever it can do, it can do this.
    """
    sessions = [(side, _sessions(side, setup.threads)) for side in PEAK_SIDES]

    def step(frame: Frame) -> Answer:
        rates = {"float32": 0.0, "int8": 0.0}
        for side, pair in sessions:
            for name, (session, inputs) in pair.items():
                for _ in range(PEAK_REPEATS):
                    began_s = time.process_time()
                    session.run(["c"], inputs)
                    rate = gflop(side) / (time.process_time() - began_s)
                    rates[name] = max(rates[name], rate)
        return Answer(rates=rates)

    return step


def _sessions(
    side: int, threads: int
) -> dict[str, tuple[Session, dict[str, npt.NDArray[np.generic]]]]:
    rng = np.random.default_rng(0)
    weights = rng.integers(-100, 100, (side, side)).astype(np.int8)
    pixels = rng.integers(0, 255, (side, side)).astype(np.uint8)
    float32 = _product("MatMul", side, _normal(rng, side))
    int8 = _product("MatMulInteger", side, weights)
    return {
        "float32": (open_plan(float32, CPU_FLOAT32, threads), {"a": _normal(rng, side)}),
        "int8": (open_plan(int8, CPU_FLOAT32, threads), {"a": pixels}),
    }


def _normal(rng: np.random.Generator, side: int) -> npt.NDArray[np.float32]:
    return rng.standard_normal((side, side), dtype=np.float32)


def _product(kind: str, side: int, factor: npt.NDArray[np.generic] | None = None) -> bytes:
    """Return the graph c = a b; ``factor``: a constant b, an input otherwise."""
    whole = kind == "MatMulInteger"
    a, c = (TensorProto.UINT8, TensorProto.INT32) if whole else (TensorProto.FLOAT,) * 2
    shape = [side, side]
    inputs = [helper.make_tensor_value_info("a", a, shape)]
    if factor is None:
        inputs.append(helper.make_tensor_value_info("b", TensorProto.FLOAT, shape))
    constants = [] if factor is None else [numpy_helper.from_array(factor, "b")]
    output = [helper.make_tensor_value_info("c", c, shape)]
    node = helper.make_node(kind, ["a", "b"], ["c"])
    graph = helper.make_graph([node], "product", inputs, output, constants)
    opset = helper.make_opsetid("", 17)
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    contents: bytes = model.SerializeToString()
    return contents
