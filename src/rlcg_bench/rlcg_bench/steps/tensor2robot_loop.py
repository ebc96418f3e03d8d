# SPDX-License-Identifier: Apache-2.0
"""The loop of tensor2robot's CEM policy: one call of the predictor per iteration, picture included.

As in its research/qtopt policies and cross_entropy (commit 034f49c4): the predictor codes the
picture once per call and scores all candidates on it; Python sorts candidates by score. Own code,
with the bundle's search (bounds, floor of the spread, best of all iterations), so that it must
choose the same.
"""

import numpy as np
import numpy.typing as npt
import torch

from rlcg_bench.frame import Answer, Frame
from rlcg_bench.steps import Setup, Step
from rlcg_bench.steps.torch_network import conditions, load, pictures
from rlcg_core import cem
from rlcg_train.qt_opt_network import QtOptNetwork

FloatArray = npt.NDArray[np.float64]


def build(setup: Setup) -> Step:
    """Return the step."""
    network, settings = load(setup)

    def step(frame: Frame) -> Answer:
        mean, std = frame.cem_mean0.astype(np.float64), frame.cem_std0.astype(np.float64)
        ranked: list[tuple[float, FloatArray]] = []
        for draw in frame.noise:
            samples = np.clip(mean + std * draw, settings.low, settings.high)
            scores = _predict(setup, network, frame, samples)
            # By score alone; of equal ones the first stays first.
            order = sorted(zip(scores, samples, strict=True), key=lambda pair: -pair[0])
            elite = np.array([sample for _, sample in order[: settings.elites]])
            mean, std = _fit(settings, elite)
            ranked.append(order[0])
        score, best = _answer(settings, ranked)
        return Answer(tuple(best.tolist()), 1.0 / (1.0 + float(np.exp(-score))))

    return step


@torch.no_grad()
def _predict(setup: Setup, network: QtOptNetwork, frame: Frame, samples: FloatArray) -> list[float]:
    features = network.encode(pictures(setup, frame.image))
    scores: list[float] = network.score(features, conditions(samples, frame.state)).tolist()
    return scores


def _fit(settings: cem.CemSettings, elite: FloatArray) -> tuple[FloatArray, FloatArray]:
    return elite.mean(axis=0), np.maximum(elite.std(axis=0, ddof=1), settings.std_floor)


def _answer(
    settings: cem.CemSettings, ranked: list[tuple[float, FloatArray]]
) -> tuple[float, FloatArray]:
    if settings.answer == "best_last":
        return ranked[-1]
    return max(ranked, key=lambda pair: pair[0])
