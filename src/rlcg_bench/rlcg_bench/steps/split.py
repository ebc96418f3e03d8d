# SPDX-License-Identifier: Apache-2.0
"""The tower once per frame, in torch as trained: the first thing that one would improve."""

from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlcg_bench.frame import Answer, Frame, answer_of
from rlcg_bench.steps import Setup, Step
from rlcg_bench.steps.torch_network import conditions, load, pictures
from rlcg_core import cem
from rlcg_train.qt_opt_network import QtOptNetwork


def build(setup: Setup) -> Step:
    """Return the step."""
    network, settings = load(setup)

    def step(frame: Frame) -> Answer:
        with torch.no_grad():
            features = network.encode(pictures(setup, frame.image))
        logits = partial(_logits, network, features, frame)
        start = (frame.cem_mean0, frame.cem_std0, frame.noise)
        return answer_of(cem.search(logits, settings, *start))

    return step


@torch.no_grad()
def _logits(
    network: QtOptNetwork, features: Tensor, frame: Frame, samples: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    scores: npt.NDArray[np.float32] = network.score(
        features, conditions(samples, frame.state)
    ).numpy()
    return scores
