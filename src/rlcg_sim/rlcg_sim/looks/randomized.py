# SPDX-License-Identifier: Apache-2.0
"""Worlds `randomized_mild`, `_medium` and `_heavy`, after RCAN (James et al. 2019).

Mild: textures of tray and objects, colours of objects and arm, direction and brightness of the
light, a background out of six. Medium: any background. Heavy: a texture on every link of the arm
too, coloured light, and everything is drawn again for each picture. The papers do not publish the
ranges; those here are stated beside each. Arm and tray keep their places and sizes, so that
physics stay the same.
"""

from dataclasses import dataclass, replace

import numpy as np

from rlcg_core.camera import CameraModel
from rlcg_core.errors import WorldError
from rlcg_core.types import ImageArray
from rlcg_sim.looks.look import LIGHT_DIRECTION, Direction, Outfit, Print
from rlcg_sim.looks.patterns import PATTERNS, pattern
from rlcg_sim.looks.stage import Part, Rgb, Stage

LEVELS = ("mild", "medium", "heavy")
# Stand in for the six views of real cameras that the papers draw backgrounds from.
BACKGROUNDS = (18, 37, 60, 76, 96, 117)
BRIGHTNESS = (0.5, 1.5)
LIGHT_ELEVATION_RAD = (0.35, 0.5 * np.pi)
LIGHT_TINT = (0.75, 1.25)
COLOUR = (0.1, 1.0)
TABLE_SIZE_M = (0.5, 1.6)
TRAY_SIZE_M = (0.1, 0.5)
OBJECT_SIZE_M = (0.04, 0.15)
LINK_SIZE_M = (0.1, 0.4)
WHITE: Rgb = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Exposure:
    """Gain of each channel, as another light or another white balance gives."""

    gain: Rgb

    def __call__(self, image_hwc: ImageArray, rng: np.random.Generator) -> ImageArray:
        """Return the picture at this gain, clipped at white."""
        levels = np.arange(256)[:, None] * np.array(self.gain)
        table = np.minimum(np.rint(levels), 255).astype(np.uint8)
        return np.stack([table[image_hwc[..., c], c] for c in range(3)], axis=-1)


class RandomizedLook:
    """Draws the looks of one level."""

    def __init__(self, level: str) -> None:
        if level not in LEVELS:
            raise WorldError(f"level is {level!r}, expected one of {', '.join(LEVELS)}")
        self.name, self._level = f"randomized_{level}", level
        self.every_picture = level == "heavy"

    def dress(self, stage: Stage, camera: CameraModel, rng: np.random.Generator) -> Outfit:
        """Return a random outfit; the camera stays where it is, so that pairs are aligned."""
        colours, prints = self._surroundings(stage, rng)
        for surface in stage.objects:
            colours[surface.key] = _colour(rng)
            prints[surface.key] = _any_print(rng, OBJECT_SIZE_M)
        arm, jaw = _colour(rng), _colour(rng)
        for surface in stage.robot:
            colours[surface.key] = jaw if surface.part is Part.GRIPPER else arm
            if self._level == "heavy":
                colours[surface.key] = WHITE
                prints[surface.key] = _any_print(rng, LINK_SIZE_M)
        tint = LIGHT_TINT if self._level == "heavy" else (1.0, 1.0)
        gain = rng.uniform(*BRIGHTNESS) * rng.uniform(*tint, size=3)
        red, green, blue = (float(value) for value in gain)
        return Outfit(camera, _light(rng), colours, prints, Exposure((red, green, blue)))

    def _surroundings(
        self, stage: Stage, rng: np.random.Generator
    ) -> tuple[dict[int, Rgb], dict[int, Print]]:
        number = int(rng.choice(BACKGROUNDS))
        if self._level != "mild":
            number = int(rng.integers(PATTERNS))
        table, tray = stage.table.key, stage.tray_floor.key
        prints = {table: Print(pattern(number), _square(rng, TABLE_SIZE_M), lies_flat=True)}
        prints[tray] = replace(_any_print(rng, TRAY_SIZE_M), lies_flat=True)
        wall = _any_print(rng, TRAY_SIZE_M)
        prints |= {surface.key: wall for surface in stage.walls}
        return dict.fromkeys(prints, WHITE), prints


def _colour(rng: np.random.Generator) -> Rgb:
    red, green, blue = (float(value) for value in rng.uniform(*COLOUR, size=3))
    return red, green, blue


def _square(rng: np.random.Generator, range_m: tuple[float, float]) -> tuple[float, float]:
    side_m = float(rng.uniform(*range_m))
    return side_m, side_m


def _any_print(rng: np.random.Generator, range_m: tuple[float, float]) -> Print:
    return Print(pattern(int(rng.integers(PATTERNS))), _square(rng, range_m))


def _light(rng: np.random.Generator) -> Direction:
    """Return a direction of the upper half space, not too low; as long as the plain light's."""
    azimuth = rng.uniform(0, 2 * np.pi)
    elevation = rng.uniform(*LIGHT_ELEVATION_RAD)
    flat, length = np.cos(elevation), float(np.linalg.norm(LIGHT_DIRECTION))
    towards = length * np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)])
    return float(towards[0]), float(towards[1]), float(towards[2])
