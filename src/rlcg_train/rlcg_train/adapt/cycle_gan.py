# SPDX-License-Identifier: Apache-2.0
"""Stage "CycleGAN": both directions, and once around must lead back (Zhu et al. 2017).

Losses, weights and networks as RL-CycleGAN uses them: mean squares for the cycle, log loss.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.halves import HalfSource
from rlcg_train.adapt.losses import Adversarial, cycle_loss, discriminator_loss, generator_loss
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.smooth import smooth_loss
from rlcg_train.adapt.stage import Stage, mean_of
from rlcg_train.adapt.unet import UNet

SHOWN = 4
# How far G(x) is disturbed to see whether F reads hidden details off it.
HIDING_NOISE = 0.05


class Six(NamedTuple):
    """The six pictures of a pair (x, y), each (B, 3, S, S)."""

    x: Tensor
    g_x: Tensor
    f_g_x: Tensor
    y: Tensor
    f_y: Tensor
    g_f_y: Tensor


def disturbed(picture: Tensor) -> Tensor:
    """Return a made picture with a little noise, always the same."""
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    return picture + HIDING_NOISE * noise.to(picture)


def six_of(G: UNet, F: UNet, x: Tensor, y: Tensor) -> Six:
    """Return all six pictures of two generators."""
    g_x, f_y = G(x), F(y)
    return Six(x, g_x, F(g_x), y, f_y, G(f_y))


class CycleGanStage(Stage):
    """G: sim to real, judged by D_Y; F: real to sim, judged by D_X, which sees x and F(y)."""

    kind = "cycle_gan"

    def __init__(
        self, settings: GanSettings, sim: HalfSource[Any], real: HalfSource[Any], seed: int = 1
    ) -> None:
        torch.manual_seed(seed)
        self.settings, self._sim, self._real = settings, sim, real
        self.G, self.F = settings.generator(), settings.generator()
        self.D_X, self.D_Y = settings.discriminator(), settings.discriminator()
        self.networks = {"G": self.G, "F": self.F, "D_X": self.D_X, "D_Y": self.D_Y}
        self.means = {"G": mean_of(self.G), "F": mean_of(self.F)}
        self.optimizers = {
            "generators": settings.optimizer([self.G, self.F]),
            "discriminators": settings.optimizer([self.D_X, self.D_Y]),
        }
        weights, makers = settings.weights, ("G", "F")
        self.routes = (
            Route("generator", weights.gan, makers),
            Route("cycle", weights.cycle, makers),
            Route("discriminator", weights.gan, ("D_X", "D_Y")),
            Route("smooth", weights.smooth, ("D_X", "D_Y")),
        )

    def six(self, x: Tensor, y: Tensor) -> Six:
        """Return all six pictures."""
        return six_of(self.G, self.F, x, y)

    def losses(self, six: Six) -> dict[str, Tensor]:
        """Return the losses of CycleGAN."""
        real_or_g, sim_or_f = self.D_Y(six.g_x), self.D_X(six.f_y)
        log = Adversarial.LOG
        return {
            "generator": generator_loss(real_or_g, log) + generator_loss(sim_or_f, log),
            "discriminator": discriminator_loss(self.D_Y(six.y), real_or_g, log)
            + discriminator_loss(self.D_X(six.x), sim_or_f, log),
            "cycle": cycle_loss(six.f_g_x, six.x) + cycle_loss(six.g_f_y, six.y),
        }

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Learn from half a batch of each domain."""
        x = self._sim.draw(self.settings.batch, rng).picture
        y = self._real.draw(self.settings.batch, rng).picture
        smooth = smooth_loss({self.D_X: x, self.D_Y: y}, rng, self.compute)
        return self.descend(self.losses(self.six(x, y)) | smooth)

    @torch.no_grad()
    def judge(self) -> dict[str, float]:
        """Return by how much disturbing G(x) a little worsens the way back.

        Far above one where details are hidden in G(x) instead of shown.
        """
        x = self._sim.shown(2 * SHOWN)
        g_x = self.G(x)
        made = (g_x, disturbed(g_x))
        plain, worse = (functional.mse_loss(self.F(one), x) for one in made)
        return {"hidden_details": float(worse / plain.clamp(min=1e-6))}

    @torch.no_grad()
    def pictures(self) -> dict[str, Tensor]:
        """Return x, G(x), F(G(x)), y, F(y), G(F(y))."""
        x, y = self._sim.shown(SHOWN), self._real.shown(SHOWN)
        six = six_of(self.means["G"], self.means["F"], x, y)
        return dict(zip(("x", "G(x)", "F(G(x))", "y", "F(y)", "G(F(y))"), six, strict=True))

    def layouts(self) -> dict[str, dict[str, Any]]:
        """Return the generators'."""
        return {"G": self.G.settings.as_dict(), "F": self.F.settings.as_dict()}
