# SPDX-License-Identifier: Apache-2.0
"""Lens and sensor of `real_proxy`: residual distortion, blur, vignette, colour cast, noise."""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core.types import ImageArray

Float32Array = npt.NDArray[np.float32]

# What a calibration leaves of the lens: a pixel at the picture's corners, less over the bin.
RADIAL = -0.008
BLUR_PX = 0.85
VIGNETTE = 0.35
# Warm lamps, and a white balance that does not quite meet them.
GAIN_RGB = (1.12, 1.0, 0.80)
BLACK = 6.0
NOISE = 2.5
# A frame's noise is a window of one stored field: to draw a million numbers takes too long.
NOISE_ROOM_PX = 128


def develop(image_hwc: ImageArray, rng: np.random.Generator) -> ImageArray:
    """Return the picture as this camera gives it, (h, w, 3) uint8."""
    height, width = image_hwc.shape[:2]
    columns, rows = _distortion(width, height)
    bent = cv2.remap(image_hwc, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(bent, (0, 0), BLUR_PX).astype(np.float32)
    cv2.multiply(soft, _shading(width, height), dst=soft)
    cv2.add(soft, _noise(width, height, rng), dst=soft)
    # Rounds, and cuts at black and white.
    return np.asarray(cv2.convertScaleAbs(np.maximum(soft, 0.0, out=soft)), np.uint8)


@lru_cache(maxsize=2)
def _distortion(width: int, height: int) -> tuple[Float32Array, Float32Array]:
    x, y = np.meshgrid(np.arange(width) - 0.5 * width, np.arange(height) - 0.5 * height)
    bend = 1.0 + RADIAL * (x * x + y * y) / (0.25 * (width * width + height * height))
    columns, rows = x * bend + 0.5 * width, y * bend + 0.5 * height
    return columns.astype(np.float32), rows.astype(np.float32)


@lru_cache(maxsize=2)
def _shading(width: int, height: int) -> Float32Array:
    """Return gain (h, w, 3) of colour cast and vignette."""
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    dark = 1.0 - VIGNETTE * (0.8 * (x - 0.1) ** 2 + 0.6 * (y + 0.05) ** 2)
    return np.asarray(dark[..., None] * np.array(GAIN_RGB), np.float32)


def _noise(width: int, height: int, rng: np.random.Generator) -> Float32Array:
    """Return noise (h, w, 3) about the black level."""
    down, right = rng.integers(NOISE_ROOM_PX, size=2)
    field: Float32Array = _noise_field(width, height)
    return field[down : down + height, right : right + width]


@lru_cache(maxsize=2)
def _noise_field(width: int, height: int) -> Float32Array:
    shape = (height + NOISE_ROOM_PX, width + NOISE_ROOM_PX, 3)
    field = np.random.default_rng(5).standard_normal(shape, dtype=np.float32)
    return np.float32(BLACK) + np.float32(NOISE) * field
