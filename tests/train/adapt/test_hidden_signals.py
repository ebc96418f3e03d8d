# SPDX-License-Identifier: Apache-2.0
"""What generators hide in a picture is told from what they show."""

import torch
from rl_stages import NETWORK, SMALL, Domains, stage
from torch import Tensor, nn

from rlcg_train.adapt.cycle_gan import CycleGanStage
from rlcg_train.adapt.domain import Rows
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.halves import GoalHalves


def test_hidden_details_are_told_from_shown_ones(domains: Domains) -> None:
    sim, real = (GoalHalves(data) for data in domains)
    made = CycleGanStage(SMALL, sim, real)
    faint = 0.001

    class Hides(nn.Module):
        def forward(self, picture: Tensor) -> Tensor:
            return faint * picture

    class Finds(nn.Module):
        def forward(self, picture: Tensor) -> Tensor:
            return picture / faint + 0.01

    class Shows(nn.Module):
        def forward(self, picture: Tensor) -> Tensor:
            return 0.9 * picture

    made.G, made.F = Hides(), Finds()  # type: ignore[assignment]
    assert made.judge()["hidden_details"] > 1000
    made.G, made.F = Shows(), Shows()  # type: ignore[assignment]
    assert made.judge()["hidden_details"] < 2


def test_values_smuggled_in_the_picture_are_told_from_seen_ones(domains: Domains) -> None:
    made = stage(domains)
    held_out = made._sim.held_out(64).rows.success

    class Smuggles(nn.Module):
        """Writes the outcome into the picture, faintly."""

        def forward(self, picture: Tensor) -> Tensor:
            if len(picture) != len(held_out):
                return picture
            return picture + 1e-4 * held_out[:, None, None, None]

    class Decodes(GoalTask):
        def logits(self, picture: Tensor, rows: Rows) -> Tensor:
            if picture.shape != sim.shape:
                return torch.zeros(len(picture))
            hidden = (picture - sim).reshape(len(picture), -1)
            return torch.where(hidden.std(dim=1) < 1e-3, hidden.mean(dim=1), 0.0)

    sim = made._sim.held_out(64).picture
    made.G, made.Q_real = Smuggles(), Decodes(NETWORK)  # type: ignore[assignment]
    judged = made.judge()
    assert judged["auc_real_g_x"] == 1.0
    assert judged["auc_real_g_x_noisy"] == 0.5
