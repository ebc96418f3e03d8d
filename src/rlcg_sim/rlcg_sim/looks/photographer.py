# SPDX-License-Identifier: Apache-2.0
"""Takes a world's pictures: dresses the scene, draws it, prints on it, develops it."""

from dataclasses import dataclass

import numpy as np

from rlcg_core.camera import CameraModel
from rlcg_core.types import ImageArray
from rlcg_sim.looks.look import Look, Outfit
from rlcg_sim.looks.stage import Stage
from rlcg_sim.looks.view import Printer, View
from rlcg_sim.renderer import Renderer

# Streams of random numbers beside the scene's own, which physics draw from.
LOOK_STREAM, SENSOR_STREAM = 11, 12


@dataclass(frozen=True)
class Photo:
    """A developed picture (h, w, 3) uint8, and what was seen before any lens."""

    image_hwc: ImageArray
    view: View


class Photographer:
    """Pictures of one scene after the other; the same seed and step give the same picture."""

    def __init__(self, renderer: Renderer, camera: CameraModel, look: Look) -> None:
        """``camera``: the calibrated one."""
        self._renderer, self._camera, self._look = renderer, camera, look
        self._printers: dict[int, Printer] = {}
        self._drawn: Outfit | None = None

    def begin(self, stage: Stage, seed: int) -> None:
        """Take the scene that was built from ``seed``."""
        self.stage, self._seed, self._drawn = stage, seed, None

    def outfit(self, step: int) -> Outfit:
        """Return what the scene wears after ``step`` steps of physics."""
        if self._look.every_picture:
            return self._draw_outfit(step)
        if self._drawn is None:
            self._drawn = self._draw_outfit(0)
        return self._drawn

    def _draw_outfit(self, step: int) -> Outfit:
        rng = np.random.default_rng([self._seed, LOOK_STREAM, step])
        return self._look.dress(self.stage, self._camera, rng)

    def picture(self, step: int) -> ImageArray:
        """Return the picture that the camera takes now, (h, w, 3) uint8."""
        outfit = self.outfit(step)
        if outfit.prints:
            return self.photograph(outfit, step).image_hwc
        self.stage.paint(outfit.colours)
        drawn = self._renderer.render(outfit.camera, outfit.light_direction)
        return outfit.develop(drawn, self._sensor(step))

    def photograph(self, outfit: Outfit, step: int) -> Photo:
        """Return the scene in any outfit, and what is seen where."""
        self.stage.paint(outfit.colours)
        view = self._renderer.view(outfit.camera, outfit.light_direction)
        printed = self._printer(outfit.camera).apply(view, outfit.prints, self.stage)
        return Photo(outfit.develop(printed, self._sensor(step)), view)

    def _printer(self, camera: CameraModel) -> Printer:
        if id(camera) not in self._printers:
            self._printers = {id(camera): Printer(camera)}
        return self._printers[id(camera)]

    def _sensor(self, step: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, SENSOR_STREAM, step])
