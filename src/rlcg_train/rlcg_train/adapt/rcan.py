# SPDX-License-Identifier: Apache-2.0
"""Stage "RCAN": from randomized simulation to a canonical look (James et al. 2019).

G maps randomized pictures to canonical ones, mask and depth; pairs of one physics state say what is
right, so no real picture is needed. On the robot G makes the camera's picture canonical, and the
policy sees both. Weights of the paper's missing appendix: all one.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.grasp_gan import CLASSES, SHOWN, mask_picture, truth_of
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.losses import (
    Adversarial,
    discriminator_loss,
    generator_loss,
    mask_squares,
    pairwise_loss,
)
from rlcg_train.adapt.ranges import to_signed
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.stage import Stage, mean_of


class RcanStage(Stage):
    """G with three heads (picture, mask, depth); D on canonical pictures and G's."""

    kind = "rcan"

    def __init__(self, settings: GanSettings, randomized: GoalHalves, seed: int = 1) -> None:
        """``randomized``: shards with pairs; raises `DataError` without."""
        torch.manual_seed(seed)
        self.settings, self._source = settings, randomized
        self._truth = truth_of(randomized)
        # What is to become of the picture is known: nothing of the random look shall stay.
        self.G = settings.generator(CLASSES, 1, hands_on=False)
        self.D = settings.discriminator()
        self.networks, self.means = {"G": self.G, "D": self.D}, {"G": mean_of(self.G)}
        self.optimizers = {
            "generator": settings.optimizer([self.G]),
            "discriminator": settings.optimizer([self.D]),
        }
        self.routes = (
            *(Route(name, 1.0, ("G",)) for name in ("generator", "picture", "mask", "depth")),
            Route("discriminator", 1.0, ("D",)),
        )

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Learn from a batch of pairs."""
        return self.descend(self.losses(*self._batch(rng)))

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        half = self._source.draw(2 * self.settings.batch, rng)
        return half.picture, half.index

    def losses(self, picture: Tensor, index: Tensor) -> dict[str, Tensor]:
        """Return all losses of randomized pictures and their frames' numbers."""
        truth = self._truth
        canonical = to_signed(truth.canonical[index])
        made, mask, depth = self.G.all_heads(picture)
        of_made, log = self.D(made), Adversarial.LOG
        return {
            "generator": generator_loss(of_made, log),
            "discriminator": discriminator_loss(self.D(canonical), of_made, log),
            "picture": pairwise_loss(made, canonical),
            "mask": mask_squares(mask, truth.mask[index]),
            "depth": functional.mse_loss(depth[:, 0], truth.depth_m[index]),
        }

    @torch.no_grad()
    def pictures(self) -> dict[str, Tensor]:
        """Return randomized pictures, what G makes of them, and the mask."""
        x = self._source.shown(SHOWN)
        made, mask, _ = self.means["G"].all_heads(x)
        return {"x": x, "G(x)": made, "mask": mask_picture(mask)}

    def layouts(self) -> dict[str, dict[str, Any]]:
        """Return the generator's."""
        return {"G": self.G.settings.as_dict()}
