# SPDX-License-Identifier: Apache-2.0
"""Stage "finder": learns to find objects, gripper, arm and tray in any look, to judge generators.

It is no method of the table and no policy sees it. RCAN's generator has a mask too, but learns it
beside what it is for, and knows little of looks that are not random.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.grasp_gan import CLASSES, SHOWN, mask_picture, truth_of
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.photometric import PhotometricSettings, draw_change
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.stage import Stage, mean_of


class FinderStage(Stage):
    """A generator's network whose second head says the class of each pixel; the first is unused."""

    kind = "finder"

    def __init__(self, settings: GanSettings, looks: tuple[GoalHalves, ...], seed: int = 1) -> None:
        """``looks``: shards with masks; raises `DataError` without."""
        torch.manual_seed(seed)
        self.settings, self._looks = settings, looks
        self._truths = [truth_of(look) for look in looks]
        self.G = settings.generator(CLASSES)
        self.networks, self.means = {"G": self.G}, {"G": mean_of(self.G)}
        self.optimizers = {"finder": settings.optimizer([self.G])}
        self.routes = (Route("mask", 1.0, ("G",)),)
        self._colours = PhotometricSettings()

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Learn from as many pictures of each look, all with other colours than they had."""
        losses = []
        for look, truth in zip(self._looks, self._truths, strict=True):
            half = look.draw(self.settings.batch, rng)
            said = self.G.all_heads(draw_change(self._colours)(half.picture))[1]
            losses.append(functional.cross_entropy(said, truth.mask[half.index].long()))
        return self.descend({"mask": torch.stack(losses).mean()})

    @torch.no_grad()
    def pictures(self) -> dict[str, Tensor]:
        """Return pictures of the last look and the masks that are found there."""
        x = self._looks[-1].shown(SHOWN)
        return {"x": x, "mask": mask_picture(self.means["G"].all_heads(x)[1])}

    def layouts(self) -> dict[str, dict[str, Any]]:
        """Return the network's."""
        return {"G": self.G.settings.as_dict()}
