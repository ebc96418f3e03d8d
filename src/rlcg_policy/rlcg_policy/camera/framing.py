# SPDX-License-Identifier: Apache-2.0
"""From the camera's picture to the published one: cut about the centre, scaled, straightened."""

import cv2
import numpy as np

from rlcg_core.calibration import Calibration, pinhole
from rlcg_core.errors import ConfigError
from rlcg_core.types import ImageArray


class Framing:
    """Brings pictures of any size to that of a calibration.

    A picture of another shape is cut evenly on two sides, then scaled: nothing is stretched.
    ``calibration`` is that of the published picture: measured on the scaled picture, and without
    distortion once that is taken out.
    """

    def __init__(self, measured: Calibration, rectify: bool) -> None:
        """``rectify``: take the lens distortion out; raises `ConfigError` if it is not known."""
        self._size = (measured.width_px, measured.height_px)
        self._maps: tuple[np.ndarray, np.ndarray] | None = None
        self.calibration = measured
        if rectify:
            self._maps = _undistortion_maps(measured)
            self.calibration = pinhole(
                *self._size, measured.projection_px[:, :3], camera_name=measured.camera_name
            )

    def apply(self, image_hwc: ImageArray) -> ImageArray:
        """Return the published picture of a uint8 RGB picture (height, width, 3)."""
        image = _scaled(_cut(image_hwc, self._size), self._size)
        if self._maps is not None:
            image = cv2.remap(image, *self._maps, interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(image, dtype=np.uint8)


def _cut(image_hwc: ImageArray, size: tuple[int, int]) -> ImageArray:
    """Return the largest part about the centre with the proportions of ``size``."""
    height, width = image_hwc.shape[:2]
    scale = min(width / size[0], height / size[1])
    cut_width, cut_height = round(size[0] * scale), round(size[1] * scale)
    left, top = (width - cut_width) // 2, (height - cut_height) // 2
    return image_hwc[top : top + cut_height, left : left + cut_width]


def _scaled(image_hwc: ImageArray, size: tuple[int, int]) -> ImageArray:
    height, width = image_hwc.shape[:2]
    if (width, height) == size:
        return image_hwc
    # Area averages when shrinking: no aliasing. It does nothing good when enlarging.
    method = cv2.INTER_AREA if width > size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image_hwc, size, interpolation=method), dtype=np.uint8)


def _undistortion_maps(measured: Calibration) -> tuple[np.ndarray, np.ndarray]:
    if not measured.calibrated or measured.distortion_model == "equidistant":
        found = measured.distortion_model or "no calibration"
        raise ConfigError(
            f"rectify is on with {found}, expected a calibration with plumb_bob or "
            "rational_polynomial: calibrate the camera first, with rectify off"
        )
    maps = cv2.initUndistortRectifyMap(
        measured.intrinsics_px,
        measured.distortion,
        measured.rectification,
        measured.projection_px[:, :3],
        (measured.width_px, measured.height_px),
        cv2.CV_16SC2,
    )
    return maps[0], maps[1]
