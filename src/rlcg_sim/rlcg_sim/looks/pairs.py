# SPDX-License-Identifier: Apache-2.0
"""Pixel-aligned pairs of one physics state: as the world shows it, and canonical.

What RCAN learns from (James et al. 2019, section 3.1); masks serve GraspGAN's losses and the
check that generators neither move nor delete objects.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.types import ImageArray
from rlcg_sim.looks.canonical import canonical_over
from rlcg_sim.pybullet_world import PyBulletWorld


@dataclass(frozen=True)
class Pair:
    """Four pictures of one size.

    ``image_hwc``, ``canonical_hwc``: (h, w, 3) uint8 RGB. ``mask``: (h, w) of `stage.Part`.
    ``depth_m``: (h, w) along the optical axis.
    """

    image_hwc: ImageArray
    canonical_hwc: ImageArray
    mask: npt.NDArray[np.uint8]
    depth_m: npt.NDArray[np.float32]


def take_pair(world: PyBulletWorld) -> Pair:
    """Return the pair of this instant; physics do not move, the next picture is as before."""
    outfit = world.outfit()
    photo = world.photograph(outfit)
    canonical = world.photograph(canonical_over(outfit, world.stage))
    mask = world.stage.mask(photo.view.key)
    return Pair(photo.image_hwc, canonical.image_hwc, mask, photo.view.depth_m)
