# SPDX-License-Identifier: Apache-2.0
"""Headless pictures: EGL (Mesa or a GPU) where it loads, TinyRenderer otherwise.

The two give different pixels, so whatever is recorded names the one that made it.
"""

import importlib.util
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from rlcg_core.camera import CameraModel
from rlcg_core.errors import WorldError
from rlcg_sim.looks.look import LIGHT_DIRECTION, Direction
from rlcg_sim.looks.view import View

FloatArray = npt.NDArray[np.float64]
ImageArray = npt.NDArray[np.uint8]

RENDERERS = ("auto", "egl", "tiny")
NEAR_M, FAR_M = 0.05, 4.0
# The plugin's first pictures lack the shadow map that all later ones have.
WARM_UP_FRAMES = 3
# EGL knows the light's direction only; so whatever else changes is done to the picture.
LIGHT = {
    "lightColor": (1.0, 1.0, 1.0),
    "lightAmbientCoeff": 0.55,
    "lightDiffuseCoeff": 0.5,
    "lightSpecularCoeff": 0.0,
}


def draw_with_one_thread() -> None:
    """Let Mesa draw with one thread in worlds yet to be opened by this process.

    More of them fight for the cores where several processes draw.
    """
    os.environ["LP_NUM_THREADS"] = "1"


class Renderer:
    """Renders one camera of one physics client; ``name`` says with what."""

    def __init__(self, client: Any, renderer: str = "auto", gui: bool = False) -> None:
        if renderer not in RENDERERS:
            raise WorldError(f"renderer is {renderer!r}, expected one of {', '.join(RENDERERS)}")
        self._client = client
        self._plugin = -1
        if renderer != "tiny" and not gui:
            self._plugin = _load_egl(client)
        if renderer == "egl" and self._plugin < 0:
            raise WorldError(
                "renderer egl did not load, expected a Mesa or GPU driver for EGL: "
                "install libegl1 and libgl1-mesa-dri, or set renderer to tiny"
            )
        self.name = "opengl" if gui else ("egl" if self._plugin >= 0 else "tiny")
        self._warm_up = 0 if self.name == "tiny" else WARM_UP_FRAMES

    def render(self, camera: CameraModel, light: Direction = LIGHT_DIRECTION) -> ImageArray:
        """Return the RGB picture, uint8 (height, width, 3); ``light``: direction towards it."""
        flags = self._client.ER_NO_SEGMENTATION_MASK
        return _rgb(self._draw(camera, light, flags)[2], camera)

    def view(self, camera: CameraModel, light: Direction = LIGHT_DIRECTION) -> View:
        """Return the picture with what is seen in each pixel and how far it is."""
        flags = self._client.ER_SEGMENTATION_MASK_OBJECT_AND_LINKINDEX
        drawn = self._draw(camera, light, flags)
        shape = (camera.height_px, camera.width_px)
        buffer = np.asarray(drawn[3], dtype=np.float32).reshape(shape)
        depth_m = np.float32(FAR_M * NEAR_M) / (FAR_M - np.float32(FAR_M - NEAR_M) * buffer)
        keys = np.asarray(drawn[4], dtype=np.int32).reshape(shape)
        return View(_rgb(drawn[2], camera), keys, depth_m)

    def _draw(self, camera: CameraModel, light: Direction, flags: int) -> tuple[Any, ...]:
        hardware = self._client.ER_BULLET_HARDWARE_OPENGL
        kind = self._client.ER_TINY_RENDERER if self.name == "tiny" else hardware
        while True:
            drawn: tuple[Any, ...] = self._client.getCameraImage(
                camera.width_px,
                camera.height_px,
                viewMatrix=view_matrix(camera),
                projectionMatrix=projection_matrix(camera),
                renderer=kind,
                shadow=0,
                flags=flags,
                lightDirection=light,
                **LIGHT,
            )
            if self._warm_up == 0:
                return drawn
            self._warm_up -= 1

    def close(self) -> None:
        """Unload the plugin; safe to call twice."""
        if self._plugin >= 0:
            self._client.unloadPlugin(self._plugin)
            self._plugin = -1


def _rgb(rgba: Any, camera: CameraModel) -> ImageArray:
    drawn = np.asarray(rgba, dtype=np.uint8).reshape(camera.height_px, camera.width_px, 4)
    image = np.empty((camera.height_px, camera.width_px, 3), np.uint8)
    for channel in range(3):  # a fifth of the time of copying drawn[..., :3] at once
        image[..., channel] = drawn[..., channel]
    return image


def _load_egl(client: Any) -> int:
    found = importlib.util.find_spec("eglRenderer")
    if found is None or found.origin is None:
        return -1
    return int(client.loadPlugin(found.origin, "_eglRendererPlugin"))


def view_matrix(camera: CameraModel) -> list[float]:
    """Return OpenGL's column-major view matrix: its camera looks along -z with y up."""
    optical_to_gl = np.diag([1.0, -1.0, -1.0, 1.0])
    view = optical_to_gl @ np.linalg.inv(camera.transform_camera_to_base)
    return [float(value) for value in view.T.reshape(-1)]


def projection_matrix(camera: CameraModel) -> list[float]:
    """Return OpenGL's column-major projection of the pinhole intrinsics."""
    k, width, height = camera.intrinsics_px, camera.width_px, camera.height_px
    depth = NEAR_M - FAR_M
    matrix = np.array(
        [
            [2 * k[0, 0] / width, 0, 1 - 2 * k[0, 2] / width, 0],
            [0, 2 * k[1, 1] / height, 2 * k[1, 2] / height - 1, 0],
            [0, 0, (FAR_M + NEAR_M) / depth, 2 * FAR_M * NEAR_M / depth],
            [0, 0, -1, 0],
        ]
    )
    return [float(value) for value in matrix.T.reshape(-1)]
