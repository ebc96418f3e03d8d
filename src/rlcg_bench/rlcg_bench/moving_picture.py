# SPDX-License-Identifier: Apache-2.0
"""A camera's pictures without a camera: noise that shifts, no two frames alike."""

import numpy as np

from rlcg_core.camera import CameraModel
from rlcg_core.types import ImageArray

SHIFT_PX = 7
COUNTER_BYTES = 8


class MovingPicture:
    """Makes the frames of one camera; the same seed makes the same frames."""

    def __init__(self, camera: CameraModel, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        shape = (camera.height_px, camera.width_px, 3)
        self._picture: ImageArray = rng.integers(0, 256, shape, dtype=np.uint8)

    def frame(self, index: int) -> ImageArray:
        """Return frame ``index``, uint8 (height, width, 3); the index stands in its first bytes."""
        shifted = np.roll(self._picture, SHIFT_PX * index, axis=0)
        counter = np.frombuffer(index.to_bytes(COUNTER_BYTES, "little"), dtype=np.uint8)
        shifted.reshape(-1)[:COUNTER_BYTES] = counter
        return shifted
