# SPDX-License-Identifier: Apache-2.0
"""A Q that looks is told from one that reads what its own generator wrote."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_domains import NETWORK

from rlcg_core.errors import DataError
from rlcg_train.adapt.domain import DomainData, Rows
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.policy import PolicyStage
from rlcg_train.adapt.policy_settings import PolicySettings
from rlcg_train.adapt.ranking import ranking
from rlcg_train.adapt.unet import UNet, UNetSettings, folded


class Smuggles(UNet):
    """Writes into the picture what came of each grasp, with a sign of its own."""

    def __init__(self, outcomes: Tensor, sign: float) -> None:
        super().__init__(UNetSettings(59, 16))
        self._written = sign * (2 * outcomes - 1)

    def forward(self, picture: Tensor) -> Tensor:
        return picture + 1e-3 * self._written[:, None, None, None]


class Decodes(GoalTask):
    """Reads off the mean brightness against the picture that it knows."""

    def __init__(self, plain: Tensor) -> None:
        super().__init__(NETWORK)
        self._plain = plain

    def logits(self, picture: Tensor, rows: Rows) -> Tensor:
        return (picture - self._plain).mean(dim=(1, 2, 3))


def generator(seed: int) -> UNet:
    """Return a generator that shifts colours a little in a way of its seed."""
    torch.manual_seed(seed)
    made = UNet(UNetSettings(59, 16))
    torch.nn.init.normal_(made.heads[0].bias, std=0.1)
    return folded(made)


def test_a_q_that_looks_ranks_behind_a_generator_of_another_seed(
    domains: tuple[DomainData, DomainData],
) -> None:
    sim = domains[0]
    settings = PolicySettings(steps=60, batch=32, network=NETWORK, learning_rate=5e-3)
    stage = PolicyStage(settings, sim, None, generator(1))
    for step in range(60):
        stage.step(np.random.default_rng(step))
    everything = replace(sim, held_out=np.arange(len(sim.pictures)))
    stage.Q.eval()
    own, other = (ranking(stage.Q, everything, generator(seed)).auc for seed in (1, 2))
    assert own > 0.8
    assert other > own - 0.1


def test_a_q_that_decodes_its_generator_ranks_behind_no_other(
    domains: tuple[DomainData, DomainData],
) -> None:
    sim = replace(domains[0], held_out=np.arange(len(domains[0].pictures)))
    picture, rows = sim.pick(torch.arange(len(sim.pictures)))
    q = Decodes(picture)
    assert ranking(q, sim, Smuggles(rows.success, 1.0)).auc == 1.0
    assert ranking(q, sim, Smuggles(rows.success, -1.0)).auc == 0.0
    assert ranking(q, sim).auc == 0.5


def test_the_interval_counts_attempts_and_not_their_frames(
    domains: tuple[DomainData, DomainData],
) -> None:
    sim = replace(domains[0], held_out=np.arange(len(domains[0].pictures)))
    torch.manual_seed(0)
    q = GoalTask(NETWORK)
    q.eval()
    once, often = ranking(q, sim), ranking(q, repeated(sim, 4))
    assert (often.attempts, often.frames) == (once.attempts, 4 * once.frames)
    assert 0.0 <= once.low < once.auc < once.high <= 1.0
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.05)


def repeated(data: DomainData, times: int) -> DomainData:
    """Return data whose every frame comes so many times, as frames of one attempt do."""
    index = torch.arange(len(data.pictures)).repeat(times)
    rows = data.rows
    more = Rows(rows.goal[index], rows.tool[index], rows.success[index], rows.projection)
    return replace(data, pictures=data.pictures[index], rows=more, held_out=index.numpy())


def test_nothing_is_ranked_where_all_came_to_the_same_end(
    domains: tuple[DomainData, DomainData],
) -> None:
    with pytest.raises(DataError, match="0 frames are held out"):
        ranking(GoalTask(NETWORK), replace(domains[0], held_out=np.zeros(0, np.int64)))


def test_q_is_spread_over_the_goals_of_a_batch(domains: tuple[DomainData, DomainData]) -> None:
    task = GoalTask(NETWORK)
    task.eval()
    picture, rows = domains[0].pick(torch.arange(8))
    same = replace(rows, goal=rows.goal[:1].expand(8, 3))
    assert float(task.spread(picture, same)) < 1e-6 < float(task.spread(picture, rows))
