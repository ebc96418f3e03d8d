# SPDX-License-Identifier: Apache-2.0
"""Stage "GraspGAN": masks and the task hold a generator to its content (Bousmalis et al. 2018).

Beside the picture G predicts the mask of background, tray, arm, gripper and objects. Content is
held three ways: pairwise squares against the picture itself, the mask, and the task network's last
convolution, which shall see the same in x and G(x). The task network learns along, on adapted and,
where they are labelled, real pictures. Weights are not published: all one. The paper shows G and D
two pictures, before and after the arm came; our task has one.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rlcg_core.errors import DataError
from rlcg_train.adapt.domain import Rows, Truth
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.halves import GoalHalves, Half
from rlcg_train.adapt.losses import (
    Adversarial,
    discriminator_loss,
    generator_loss,
    mask_loss,
    pairwise_loss,
)
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.smooth import smooth_loss
from rlcg_train.adapt.stage import Stage, mean_of
from rlcg_train.adapt.task import td_loss

CLASSES = 5
SHOWN = 4


def truth_of(source: GoalHalves) -> Truth:
    """Return masks, depth and canonical pictures of a source; raises `DataError` without any."""
    if source.data.truth is None:
        raise DataError("the simulated shards have no masks: collect them by rlcg-train pairs")
    return source.data.truth


class GraspGanStage(Stage):
    """G with a mask head, D_Y on patches at several scales by least squares, task network C."""

    kind = "grasp_gan"

    def __init__(
        self,
        settings: GanSettings,
        sim: GoalHalves,
        real: GoalHalves,
        task: GoalTask,
        labelled: bool,
        seed: int = 1,
    ) -> None:
        """``labelled``: whether outcomes of real grasps are used. Raises `DataError`."""
        torch.manual_seed(seed)
        self.settings, self._sim, self._real = settings, sim, real
        self._truth, self._labelled = truth_of(sim), labelled
        self.G, self.D_Y, self.C = settings.generator(CLASSES), settings.discriminator(), task
        self.networks = {"G": self.G, "D_Y": self.D_Y, "C": self.C}
        self.means = {"G": mean_of(self.G)}
        self.optimizers = {
            "generator": settings.optimizer([self.G]),
            "discriminator": settings.optimizer([self.D_Y]),
            "task": settings.optimizer([self.C]),
        }
        self.routes = (
            *(Route(name, 1.0, ("G",)) for name in ("generator", "pairwise", "mask", "features")),
            Route("task", 1.0, ("G", "C")),
            Route("discriminator", 1.0, ("D_Y",)),
            Route("smooth", settings.weights.smooth, ("D_Y",)),
            *((Route("real_task", 1.0, ("C",)),) if labelled else ()),
        )

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Learn from half a batch of each domain."""
        x, y = (half.draw(self.settings.batch, rng) for half in (self._sim, self._real))
        smooth = smooth_loss({self.D_Y: y.picture}, rng, self.compute)
        return self.descend(self.losses(x, y) | smooth)

    def losses(self, x: Half[Rows], y: Half[Rows]) -> dict[str, Tensor]:
        """Return all losses of a batch."""
        made, mask = self.G.all_heads(x.picture)
        of_made, squares = self.D_Y(made), Adversarial.LEAST_SQUARES
        losses = {
            "generator": generator_loss(of_made, squares),
            "discriminator": discriminator_loss(self.D_Y(y.picture), of_made, squares),
            "pairwise": pairwise_loss(made, x.picture),
            "mask": mask_loss(mask, self._truth.mask[x.index]),
            "features": functional.mse_loss(self._features(made, x), self._features(x.picture, x)),
            "task": td_loss(self.C.logits(made, x.rows), x.rows.success),
        }
        if self._labelled:
            losses["real_task"] = td_loss(self.C.logits(y.picture, y.rows), y.rows.success)
        return losses

    def _features(self, picture: Tensor, half: Half[Rows]) -> Tensor:
        """Return what the last convolution of C sees at the goals."""
        features: Tensor = self.C.network.features(self.C.inputs(picture, half.rows)[0])
        return features

    @torch.no_grad()
    def pictures(self) -> dict[str, Tensor]:
        """Return x, G(x), the mask that G sees, and y."""
        x, y = self._sim.shown(SHOWN), self._real.shown(SHOWN)
        made, mask = self.means["G"].all_heads(x)
        return {"x": x, "G(x)": made, "mask": mask_picture(mask), "y": y}

    def layouts(self) -> dict[str, dict[str, Any]]:
        """Return the generator's."""
        return {"G": self.G.settings.as_dict()}


def mask_picture(logits: Tensor) -> Tensor:
    """Return the likeliest class of each pixel as a grey picture (B, 3, S, S) in [-1, 1]."""
    grey = logits.argmax(dim=1, keepdim=True).float() / (CLASSES - 1)
    return (2 * grey - 1).expand(-1, 3, -1, -1)
