# SPDX-License-Identifier: Apache-2.0
"""The task as supervised success prediction: Q(picture, goal) is the chance that a grasp succeeds.

Its target is the outcome that was seen, so no next state is looked at.
"""

import torch
from torch import Tensor

from rlcg_train.adapt.domain import Rows
from rlcg_train.adapt.task import TaskQ
from rlcg_train.network import GraspNetwork, NetworkSettings, sample_patches, scalars
from rlcg_train.preprocess import camera_centre_xy

ACTIONS = 64


class GoalTask(TaskQ[Rows]):
    """A `rlcg_train.network.GraspNetwork` on whole pictures."""

    needs_next = False

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.network = GraspNetwork(settings)

    @classmethod
    def of(cls, network: GraspNetwork) -> "GoalTask":
        """Return a task around a network that was trained before, ready to judge."""
        task = cls(network.settings)
        task.network = network
        task.eval()
        return task

    def logits(self, picture: Tensor, rows: Rows) -> Tensor:
        """Return logits (B,) of success at the goals."""
        patches, numbers = self.inputs(picture, rows)
        scores: Tensor = self.network(patches, numbers)
        return scores.float()

    def inputs(self, picture: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return patches (B, C * P, H, W) and scalars (B, S)."""
        patches = sample_patches(self.network.settings, picture, rows.goal, rows.projection)
        return patches, scalars(rows.goal, rows.tool, camera_centre_xy(rows.projection))

    def targets(self, next_picture: Tensor | None, rows: Rows) -> Tensor:
        """Return the outcomes (B,)."""
        return rows.success

    def truth(self, rows: Rows) -> Tensor:
        """Return the outcomes (B,)."""
        return rows.success

    @torch.no_grad()
    def spread(self, picture: Tensor, rows: Rows) -> Tensor:
        """Return the standard deviation of Q over goals of the batch's other grasps."""
        drawn = torch.randint(len(picture), (ACTIONS, len(picture)), device=picture.device)
        goals = rows.goal[drawn]
        values = [
            torch.sigmoid(self.logits(picture, Rows(g, rows.tool, rows.success, rows.projection)))
            for g in goals
        ]
        return torch.stack(values).std(dim=0).mean()
