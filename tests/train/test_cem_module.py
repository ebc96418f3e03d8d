# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from rlcg_core import cem
from rlcg_core.golden import pattern_image, pattern_noise
from rlcg_train import cem_module, network, scorer
from rlcg_train.checkpoints import fresh_qt_opt
from rlcg_train.profiles import ACTION, GOAL, REACH, STEP, Profile
from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.patch_q import PatchQNetwork, PatchQSettings
from rlcg_train.qt_opt.whole_action_scorer import WholeActionScorer
from rlcg_train.qt_opt_network import QtOptSettings


def goal_scorer() -> scorer.Scorer:
    torch.manual_seed(5)
    return scorer.GoalScorer(network.GraspNetwork(network.NetworkSettings()))


def action_scorer() -> scorer.Scorer:
    return scorer.ActionScorer(fresh_qt_opt(5, QtOptSettings(channels=8, context=16)))


def reach_scorer() -> scorer.Scorer:
    torch.manual_seed(5)
    network = PatchQNetwork(PatchQSettings(widths=(8, 12, 12), hidden=32))
    torch.nn.init.constant_(network.head[-1].bias, 9.0)  # above what any command gets
    return WholeActionScorer(network)


def step_scorer() -> scorer.Scorer:
    network = PaperQ(QtOptSettings(channels=8, context=16))
    network.network = fresh_qt_opt(5, network.settings)
    torch.nn.init.constant_(network.network.rest[-1].bias, 9.0)
    return WholeActionScorer(network)


@pytest.mark.parametrize("answer", ["best_ever", "best_last"])
@pytest.mark.parametrize(
    ("profile", "build"),
    [
        (GOAL, goal_scorer),
        (ACTION, action_scorer),
        (REACH, reach_scorer),
        (STEP, step_scorer),
    ],
)
@torch.no_grad()
def test_the_graph_searches_as_the_reference_does(
    profile: Profile, build: object, answer: cem.Answer
) -> None:
    plain = profile.cem(samples=32, iterations=3)
    settings = cem.CemSettings(**{**vars(plain), "answer": answer})
    made = cem_module.CemModule(build(), settings)  # type: ignore[operator]
    image = torch.from_numpy(pattern_image(4))
    values = profile.example(0)
    extra = tuple(torch.tensor(values[n]).float() for n in made.scorer.extra_inputs)
    noise = pattern_noise(2, settings.noise_shape)

    def logits(samples: np.ndarray) -> np.ndarray:
        code = made.scorer.encode(image, extra)
        return made.scorer.logits(code, torch.tensor(samples, dtype=torch.float32)).numpy()

    start = profile.start
    reference = cem.search(logits, settings, start.mean0, start.std0, noise)
    mean0, std0 = torch.tensor(start.mean0), torch.tensor(start.std0)
    outputs = made(image, *extra, mean0, std0, torch.from_numpy(noise))
    found = dict(zip(cem_module.OUTPUTS, outputs, strict=True))
    np.testing.assert_allclose(found["goal"], reference.best, atol=1e-4)
    np.testing.assert_allclose(found["mean"], reference.mean, atol=1e-4)
    np.testing.assert_allclose(found["std"], reference.std, atol=1e-4)
    np.testing.assert_allclose(found["q"], 1 / (1 + np.exp(-reference.logit)), atol=1e-5)
