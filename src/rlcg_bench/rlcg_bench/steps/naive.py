# SPDX-License-Identifier: Apache-2.0
"""The naive port: the picture converted and tiled for every candidate, the network run whole.

What a straightforward port of QT-Opt to torch does: the network takes a picture and an action, so
each of the candidates gets a picture of its own.
"""

from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from rlcg_bench.frame import Answer, Frame, answer_of
from rlcg_bench.steps import Setup, Step
from rlcg_bench.steps.torch_network import conditions, load, pictures
from rlcg_core import cem
from rlcg_train.qt_opt_network import QtOptNetwork

BATCH = 8


def chunks_per_decision(settings: cem.CemSettings) -> int:
    """Return how many chunks of `BATCH` candidates one decision takes."""
    return settings.iterations * settings.samples // BATCH


def build_chunk(setup: Setup) -> Step:
    """Return a step that scores the first `BATCH` candidates: a known share of a decision."""
    network, settings = load(setup)

    def step(frame: Frame) -> Answer:
        draw = frame.cem_mean0 + frame.cem_std0 * frame.noise[0, :BATCH]
        _logits(setup, network, frame, np.clip(draw, settings.low, settings.high))
        return Answer()

    return step


def build_whole(setup: Setup) -> Step:
    """Return the whole decision, all candidates of an iteration in one batch."""
    network, settings = load(setup)

    def step(frame: Frame) -> Answer:
        logits = partial(_logits, setup, network, frame)
        start = (frame.cem_mean0, frame.cem_std0, frame.noise)
        return answer_of(cem.search(logits, settings, *start))

    return step


@torch.no_grad()
def _logits(
    setup: Setup, network: QtOptNetwork, frame: Frame, samples: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    tiled = pictures(setup, frame.image, len(samples))
    scores: npt.NDArray[np.float32] = network(tiled, conditions(samples, frame.state)).numpy()
    return scores
