# SPDX-License-Identifier: Apache-2.0
"""A drawn picture with what is seen where, and patterns drawn onto its surfaces.

Patterns are put on the finished picture, by where each pixel lies in space, and not loaded into
the renderer: PyBullet never frees a texture, TinyRenderer and EGL lay them out differently, and
objects of several boxes take only one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.camera import CameraModel
from rlcg_core.types import ImageArray
from rlcg_sim.looks.look import Print
from rlcg_sim.looks.stage import Stage, Surface

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]

# So far a pattern moves along with height, lest upright faces are streaked.
LEAN = 0.5


@dataclass(frozen=True)
class View:
    """Pixel-aligned: ``image_hwc`` (h, w, 3) uint8, ``key`` (h, w) of `Surface`, ``depth_m``."""

    image_hwc: ImageArray
    key: Int32Array
    depth_m: Float32Array


class Printer:
    """Puts patterns on the pictures of one camera."""

    def __init__(self, camera: CameraModel) -> None:
        rows, columns = np.mgrid[0 : camera.height_px, 0 : camera.width_px]
        pixels = np.stack([columns + 0.5, rows + 0.5, np.ones_like(rows)], axis=-1)
        rays = pixels.reshape(-1, 3) @ np.linalg.inv(camera.intrinsics_px).T
        pose = camera.transform_camera_to_base
        self._eye_m = pose[:3, 3].astype(np.float32)
        # Of length one along the line of sight: times depth they give points.
        self._rays = (rays @ pose[:3, :3].T).astype(np.float32)
        self._flat: dict[tuple[object, ...], Int32Array] = {}

    def apply(self, view: View, prints: Mapping[int, Print], stage: Stage) -> ImageArray:
        """Return the picture with the patterns on it, (h, w, 3) uint8."""
        keys, depth_m = view.key.reshape(-1), view.depth_m.reshape(-1)
        # A pixel's three channels and a spare one in one number: to look up one is faster.
        factor = np.full(keys.size, 0xFFFFFFFF, np.uint32)
        for surface in stage.surfaces:
            if surface.key in prints:
                printed, pixels = prints[surface.key], np.flatnonzero(keys == surface.key)
                if printed.lies_flat:
                    places = self._flat_places(printed, surface, stage)[pixels]
                else:
                    points_m = self._rays[pixels] * depth_m[pixels, None] + self._eye_m
                    places = _places(printed, _in_frame(points_m, surface, stage))
                factor[pixels] = _packed(printed.pattern)[places]
        return _product(view.image_hwc, factor)

    def _flat_places(self, printed: Print, surface: Surface, stage: Stage) -> Int32Array:
        """Return for all pixels where their rays meet the top of something that never moves."""
        top_m = stage.top_m(surface)
        name = (surface.key, printed.size_m, printed.pattern.shape, top_m)
        if name not in self._flat:
            depth_m = (np.float32(top_m) - self._eye_m[2]) / self._rays[:, 2]
            points_m = self._rays * depth_m[:, None] + self._eye_m
            self._flat[name] = _places(printed, _in_frame(points_m, surface, stage))
        return self._flat[name]


def _in_frame(points_m: Float32Array, surface: Surface, stage: Stage) -> Float32Array:
    position, rotation = stage.pose(surface)
    away = points_m - position.astype(np.float32)
    return away @ rotation.astype(np.float32)


def _places(printed: Print, points_m: Float32Array) -> Int32Array:
    """Return which pixel of the pattern, counted row by row, each point (n, 3) falls on."""
    height, width = printed.pattern.shape[:2]
    lean = np.float32(0.0 if printed.lies_flat else LEAN) * points_m[:, 2]
    column = _place(points_m[:, 0] + lean, printed.size_m[0], width)
    row = _place(points_m[:, 1] + lean, printed.size_m[1], height)
    return np.asarray(row * np.int32(width) + column, np.int32)


def _place(along_m: Float32Array, size_m: float, count: int) -> Int32Array:
    """Return which of ``count`` rows or columns of a repeating pattern each point falls on."""
    share = along_m * np.float32(1 / size_m) + np.float32(0.5)
    share -= np.floor(share)
    return np.minimum((share * np.float32(count)).astype(np.int32), np.int32(count - 1))


def _packed(pattern: ImageArray) -> npt.NDArray[np.uint32]:
    packed = np.zeros((*pattern.shape[:2], 4), np.uint8)
    packed[..., :3] = pattern
    return packed.view(np.uint32).reshape(-1)


def _product(image_hwc: ImageArray, factor: npt.NDArray[np.uint32]) -> ImageArray:
    channels = factor.view(np.uint8).reshape(*image_hwc.shape[:2], 4)
    image = np.empty_like(image_hwc)
    for channel in range(3):
        product = image_hwc[..., channel] * channels[..., channel].astype(np.uint16)
        image[..., channel] = (product + np.uint16(255)) >> np.uint16(8)
    return image
