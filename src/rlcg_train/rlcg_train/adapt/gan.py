# SPDX-License-Identifier: Apache-2.0
"""Stage "GAN": one generator from simulation to reality and its discriminator, nothing else."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.halves import HalfSource
from rlcg_train.adapt.losses import Adversarial, discriminator_loss, generator_loss
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.smooth import smooth_loss
from rlcg_train.adapt.stage import Stage, mean_of

SHOWN = 4


class GanStage(Stage):
    """G makes real pictures of simulated ones; D_Y sees real pictures and G(x)."""

    kind = "gan"

    def __init__(
        self, settings: GanSettings, sim: HalfSource[Any], real: HalfSource[Any], seed: int = 1
    ) -> None:
        torch.manual_seed(seed)
        self.settings, self._sim, self._real = settings, sim, real
        self.G, self.D_Y = settings.generator(), settings.discriminator()
        self.networks, self.means = {"G": self.G, "D_Y": self.D_Y}, {"G": mean_of(self.G)}
        self.optimizers = {
            "generator": settings.optimizer([self.G]),
            "discriminator": settings.optimizer([self.D_Y]),
        }
        self.routes = (
            Route("generator", settings.weights.gan, ("G",)),
            Route("discriminator", settings.weights.gan, ("D_Y",)),
            Route("smooth", settings.weights.smooth, ("D_Y",)),
        )

    def losses(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Return both losses of pictures of both domains."""
        of_made = self.D_Y(self.G(x))
        return {
            "generator": generator_loss(of_made, Adversarial.LOG),
            "discriminator": discriminator_loss(self.D_Y(y), of_made, Adversarial.LOG),
        }

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Learn from half a batch of each domain."""
        x = self._sim.draw(self.settings.batch, rng).picture
        y = self._real.draw(self.settings.batch, rng).picture
        return self.descend(self.losses(x, y) | smooth_loss({self.D_Y: y}, rng, self.compute))

    @torch.no_grad()
    def pictures(self) -> dict[str, Tensor]:
        """Return x, G(x) and y."""
        x, y = self._sim.shown(SHOWN), self._real.shown(SHOWN)
        return {"x": x, "G(x)": self.means["G"](x), "y": y}

    def layouts(self) -> dict[str, dict[str, Any]]:
        """Return the generator's."""
        return {"G": self.G.settings.as_dict()}
