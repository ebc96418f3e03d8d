# SPDX-License-Identifier: Apache-2.0
"""Steps in ONNX Runtime: the whole decision in one graph, or tower and head with CEM in Python."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rlcg_bench.frame import Answer, Frame, answer_of
from rlcg_bench.steps import Setup, Step
from rlcg_core import cem, strict_json
from rlcg_core.bundle import MANIFEST
from rlcg_core.manifest import Manifest
from rlcg_policy import plans
from rlcg_policy.sessions import Session, open_plan

TOWER, HEAD = "tower.onnx", "head.onnx"


def build_one(setup: Setup) -> Step:
    """Return one run of the graph named in the setup."""
    session = _open(setup, setup.graph)

    def step(frame: Frame) -> Answer:
        goal, q = session.run(["goal", "q"], vars(frame))
        return Answer(tuple(goal.astype(float).tolist()), float(q))

    return step


def build_two(setup: Setup) -> Step:
    """Return tower once, head once per iteration, and the reference search between them."""
    tower, head = _open(setup, TOWER), _open(setup, HEAD)
    settings = strict_json.read(Manifest, Path(setup.model) / MANIFEST).cem

    def step(frame: Frame) -> Answer:
        (features,) = tower.run(["features"], {"image": frame.image})

        def logits(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
            inputs = {
                "features": features,
                "state": frame.state,
                "samples": samples.astype(np.float32),
            }
            scores: npt.NDArray[np.float32] = head.run(["logits"], inputs)[0]
            return scores

        start = (frame.cem_mean0, frame.cem_std0, frame.noise)
        return answer_of(cem.search(logits, settings, *start))

    return step


def _open(setup: Setup, name: str) -> Session:
    graph = (Path(setup.work) / name).read_bytes()
    return open_plan(graph, plans.named(setup.plan), setup.threads)
