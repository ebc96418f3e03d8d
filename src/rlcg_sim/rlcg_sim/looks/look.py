# SPDX-License-Identifier: Apache-2.0
"""The port of a look, and the plain one.

A look says, for one episode, how every surface is coloured, where the light stands and what the
camera does to the picture. It draws from a stream of random numbers of its own, so that physics
are the same in all looks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rlcg_core.camera import CameraModel
from rlcg_core.types import ImageArray
from rlcg_sim.looks.stage import Rgb, Stage

FloatArray = npt.NDArray[np.float64]
Direction = tuple[float, float, float]

# Towards the light, in the base frame; the length matters to PyBullet's renderers.
LIGHT_DIRECTION: Direction = (0.6, 0.4, 2.0)

Develop = Callable[[ImageArray, np.random.Generator], ImageArray]


@dataclass(frozen=True)
class Print:
    """A pattern on a surface: its colour is multiplied by ``pattern`` (h, w, 3), uint8 for 0..1.

    ``size_m``: what the pattern covers along x and y of the surface's frame, from the middle on;
    it repeats beyond. ``lies_flat``: on the top of something that never moves, which is faster.
    """

    pattern: ImageArray
    size_m: tuple[float, float]
    lies_flat: bool = False


def _as_it_is(image_hwc: ImageArray, rng: np.random.Generator) -> ImageArray:
    return image_hwc


@dataclass(frozen=True)
class Outfit:
    """How one scene is shown. Surfaces go by `Surface.key`; those left out stay as they are.

    ``camera``: the one that draws, which may differ from the one that was calibrated.
    ``develop``: what lens and sensor do to the drawn picture.
    """

    camera: CameraModel
    light_direction: Direction = LIGHT_DIRECTION
    colours: dict[int, Rgb] = field(default_factory=dict)
    prints: dict[int, Print] = field(default_factory=dict)
    develop: Develop = _as_it_is


class Look(Protocol):
    """Draws outfits. ``every_picture``: a new one for each picture, else one for each episode."""

    name: str
    every_picture: bool

    def dress(self, stage: Stage, camera: CameraModel, rng: np.random.Generator) -> Outfit:
        """Return an outfit for what stands there; ``camera`` is the calibrated one."""


class PlainLook:
    """The simulator as it comes: world `sim`."""

    name = "sim"
    every_picture = False

    def dress(self, stage: Stage, camera: CameraModel, rng: np.random.Generator) -> Outfit:
        """Return the outfit that changes nothing."""
        return Outfit(camera)
