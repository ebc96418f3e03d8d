# SPDX-License-Identifier: Apache-2.0
"""A tiny complete model: CEM unrolled in ONNX over a bowl whose peak moves with the image.

logit(x, y, yaw) = 2 - |(goal - peak) * SCALE|^2 with peak x = PEAK[0] + 0.1 * (mean(image) / 255
- 0.5). Other bundles differ in weights only, so whatever serves this one serves them.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from bundles import CEM, example_golden, example_manifest
from onnx import TensorProto, helper, numpy_helper

from rlcg_core import bundle, cem, golden
from rlcg_core.golden import Golden, GoldenCase
from rlcg_core.manifest import Tensor

PEAK, SCALE, TOP = (0.58, 0.05, 0.4), (20.0, 20.0, 2.0), 2.0
FloatArray = npt.NDArray[np.float64]
Peak = tuple[float, float, float]


def logits(image: npt.NDArray[np.uint8], samples: FloatArray, peak: Peak = PEAK) -> FloatArray:
    """Return what the graph computes for samples (n, 3)."""
    shift = np.array([0.1 * (image.mean() / 255.0 - 0.5), 0.0, 0.0])
    return TOP - np.sum(((samples - peak - shift) * SCALE) ** 2, axis=1)


class Graph:
    """Collects nodes; every method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: object) -> str:
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[-1]

    def const(self, value: npt.ArrayLike, dtype: str = "float32") -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name


def _peak(g: Graph, peak: Peak) -> str:
    pixels = g.op("Cast", "image", to=TensorProto.FLOAT)
    mean = g.op("ReduceMean", pixels, keepdims=0)
    slope, offset = g.const([0.1 / 255.0, 0.0, 0.0]), g.const(np.subtract(peak, (0.05, 0, 0)))
    return g.op("Add", g.op("Mul", mean, slope), offset)


def _iteration(g: Graph, peak: str, mean: str, std: str, i: int) -> tuple[str, str, str, str]:
    draw = g.op("Gather", "noise", g.const(i, "int64"), axis=0)
    spread = g.op("Add", g.op("Mul", draw, std), mean)
    samples = g.op("Min", g.op("Max", spread, g.const(CEM.low)), g.const(CEM.high))
    error = g.op("Mul", g.op("Sub", samples, peak), g.const(SCALE))
    total = g.op("ReduceSum", g.op("Mul", error, error), g.const([1], "int64"), keepdims=0)
    scores = g.op("Sub", g.const(TOP), total)
    finite = g.op("Not", g.op("Or", g.op("IsNaN", scores), g.op("IsInf", scores)))
    ranked = g.op("Where", finite, scores, g.const(-1e30))
    index = g.op("TopK", ranked, g.const([CEM.elites], "int64"), outputs=2, axis=0)
    elite = g.op("Gather", samples, index, axis=0)
    first = g.op("Gather", index, g.const(0, "int64"), axis=0)
    best, logit = g.op("Gather", samples, first, axis=0), g.op("Gather", ranked, first, axis=0)
    axis = g.const([0], "int64")
    fit = g.op("Div", g.op("ReduceSum", elite, axis, keepdims=0), g.const(float(CEM.elites)))
    deviation = g.op("Sub", elite, fit)
    squares = g.op("ReduceSum", g.op("Mul", deviation, deviation), axis, keepdims=0)
    width = g.op("Sqrt", g.op("Div", squares, g.const(CEM.elites - 1.0)))
    return best, logit, fit, g.op("Max", width, g.const(CEM.std_floor))


def _action(g: Graph, goal: str) -> str:
    """Step towards the goal within the spec's bounds; what the rule decides is zero."""
    planar = g.const([0, 1, 3], "int64")
    change = g.op("Sub", goal, g.op("Gather", "tool_pose", planar, axis=0))
    bound = np.array([0.06, 0.06, 0.5])
    step = g.op("Min", g.op("Max", change, g.const(-bound)), g.const(bound))
    xy = g.op("Gather", step, g.const([0, 1], "int64"), axis=0)
    yaw = g.op("Gather", step, g.const([2], "int64"), axis=0)
    turn = (g.op("Sin", yaw), g.op("Cos", yaw))
    return g.op("Concat", xy, g.const([0.0]), *turn, g.const([0.0, 0.0, 0.0]), axis=0)


def graph(samples: int = CEM.samples, peak: Peak = PEAK) -> onnx.ModelProto:
    """Return the model."""
    g, manifest = Graph(), example_manifest()
    mean, std, best, logit = "cem_mean0", "cem_std0", "", ""
    centre = _peak(g, peak)
    for i in range(CEM.iterations):
        best, logit, mean, std = _iteration(g, centre, mean, std, i)
    results = {
        "action": _action(g, best),
        "goal": best,
        "q": g.op("Sigmoid", logit),
        "mean": mean,
        "std": std,
    }
    for name, value in results.items():
        g.nodes.append(helper.make_node("Identity", [value], [name]))
    kinds = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}
    noise = Tensor("float32", (CEM.iterations, samples, len(CEM.variables)))
    inputs, outputs = (
        [helper.make_tensor_value_info(n, kinds[t.dtype], t.shape) for n, t in tensors.items()]
        for tensors in ({**manifest.inputs, "noise": noise}, manifest.outputs)
    )
    body = helper.make_graph(g.nodes, "tiny", inputs, outputs, g.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def expected(case: GoldenCase, peak: Peak = PEAK) -> dict[str, tuple[float, ...]]:
    """Return the outputs of a golden case by the numpy reference."""
    image = golden.pattern_image(case.image_seed)
    noise = golden.pattern_noise(case.noise_seed, CEM.noise_shape)
    start, std0 = case.inputs["cem_mean0"], case.inputs["cem_std0"]
    result = cem.search(lambda samples: logits(image, samples, peak), CEM, start, std0, noise)
    vectors = {"goal": result.best, "mean": result.mean, "std": result.std}
    q = 1.0 / (1.0 + np.exp(-result.logit))
    return {"q": (q,), **{name: tuple(v.tolist()) for name, v in vectors.items()}}


def write(folder: Path, name: str = "tiny", peak: Peak = PEAK) -> bundle.Bundle:
    """Write the whole bundle into ``folder`` and return it as loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(graph(peak=peak), folder / bundle.GRAPH)
    empty = example_golden()
    cases = tuple(
        GoldenCase(c.image_seed, c.noise_seed, c.inputs, expected(c, peak)) for c in empty.cases
    )
    return bundle.write(folder, example_manifest(name), Golden(empty.tolerance, cases))
