# SPDX-License-Identifier: Apache-2.0
"""The ways to compute one decision that are measured against each other."""

from dataclasses import dataclass, field
from typing import Any

from rlcg_bench.prepare import HOISTED, PLAIN
from rlcg_bench.steps.naive import BATCH, chunks_per_decision
from rlcg_core.cem import CemSettings

NAIVE, NAIVE_WHOLE, TENSOR2ROBOT = "naive", "naive, really run", "tensor2robot"
NAIVE_CHANNELS_LAST = "naive, NHWC"
TENSOR2ROBOT_CHANNELS_LAST = "tensor2robot, NHWC"
FLOAT32 = "hoisted, cpu-float32"
YARDSTICK, PEAK = "float32 product", "small products"


@dataclass(frozen=True)
class Variant:
    """One way, run in a process of its own.

    ``options``: further fields of `steps.Setup`. ``python``: another interpreter, empty for this
    one. ``share``: how many runs of the step make one decision. ``every``: asked in each n-th
    round. ``exact``: must choose what the hoisted graph chooses; ``decides``: whether it chooses.
    """

    name: str
    what: str
    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    python: str = ""
    share: int = 1
    every: int = 1
    warm_up: int = 2
    exact: bool = True
    decides: bool = True


def fixed(cem: CemSettings) -> tuple[Variant, ...]:
    """Return the variants that every machine has, for a search of this size."""
    chunks = chunks_per_decision(cem)
    chunk: dict[str, Any] = {
        "kind": "naive",
        "share": chunks,
        "every": 3,
        "warm_up": 1,
        "decides": False,
    }
    naive = f"torch, picture tiled, whole network per candidate; batch {BATCH} times {chunks}"
    loop = "torch, tensor2robot's loop: tower once per iteration, candidates sorted by Python"
    last: dict[str, Any] = {"channels_last": True}
    return (
        Variant(NAIVE, naive, **chunk),
        Variant(
            NAIVE_CHANNELS_LAST, "the same in torch's other memory layout", options=last, **chunk
        ),
        Variant(TENSOR2ROBOT, loop, "tensor2robot"),
        Variant(TENSOR2ROBOT_CHANNELS_LAST, "the same in the other layout", "tensor2robot", last),
        Variant("split", "torch, tower once per frame", "split"),
        Variant("two sessions", "ONNX Runtime, tower and head, CEM in numpy", "two_sessions"),
        Variant("one graph", "ONNX Runtime, CEM in the graph", "graph", {"graph": PLAIN}),
        Variant(FLOAT32, "the bundle's policy.onnx", "graph", {"graph": HOISTED}),
        Variant(YARDSTICK, "ONNX Runtime, 2048 x 2048", "yardstick", decides=False),
        Variant(PEAK, "ONNX Runtime, best rates", "peak", every=3, decides=False),
    )


def naive_whole(cem: CemSettings) -> Variant:
    """Return the naive port with all candidates of an iteration in one batch, run once."""
    what = f"the naive port, {cem.iterations} times batch {cem.samples}, run once and alone"
    return Variant(NAIVE_WHOLE, what, "naive_whole", warm_up=0)
