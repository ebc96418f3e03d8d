# SPDX-License-Identifier: Apache-2.0
"""A camera's calibration as ROS writes it down: intrinsics, lens distortion, projection."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import InputError

FloatArray = npt.NDArray[np.float64]

# Distortion model of sensor_msgs -> how many coefficients it has.
DISTORTION_COUNTS: dict[str, tuple[int, ...]] = {
    "plumb_bob": (4, 5),
    "rational_polynomial": (8, 12, 14),
    "equidistant": (4,),
}


@dataclass(frozen=True)
class Calibration:
    """What sensor_msgs/CameraInfo says of a picture of ``width_px`` by ``height_px``.

    ``intrinsics_px``: (3, 3) matrix K. ``distortion``: (n,) coefficients of ``distortion_model``.
    ``rectification``: (3, 3) rotation R. ``projection_px``: (3, 4) matrix P of the rectified
    picture. A focal length K[0, 0] of 0 means: not calibrated.
    """

    width_px: int
    height_px: int
    intrinsics_px: FloatArray
    distortion_model: str
    distortion: FloatArray
    rectification: FloatArray
    projection_px: FloatArray
    camera_name: str = "camera"

    @property
    def calibrated(self) -> bool:
        """Return whether there is a focal length."""
        return bool(self.intrinsics_px[0, 0] > 0.0)

    @property
    def distorted(self) -> bool:
        """Return whether the lens bends straight lines."""
        return bool(np.any(np.abs(self.distortion) > 1e-9))

    def check(self) -> "Calibration":
        """Return self; raises `InputError` for what no calibrated camera can have."""
        shapes = {
            "camera matrix": (self.intrinsics_px, (3, 3)),
            "rectification matrix": (self.rectification, (3, 3)),
            "projection matrix": (self.projection_px, (3, 4)),
            "distortion coefficients": (self.distortion, self.distortion.shape),
        }
        for name, (values, shape) in shapes.items():
            if values.shape != shape or not np.all(np.isfinite(values)):
                raise InputError(
                    f"{name} is {values.tolist()}, expected finite numbers of shape {shape}"
                )
        if not (self.width_px > 0 and self.height_px > 0):
            raise InputError(f"size is {self.width_px}x{self.height_px} px, expected a picture's")
        _check_pinhole(self.intrinsics_px)
        counts = DISTORTION_COUNTS.get(self.distortion_model)
        if counts is None or len(self.distortion) not in counts:
            raise InputError(
                f"distortion model is '{self.distortion_model}' with {len(self.distortion)} "
                f"coefficients, expected one of {DISTORTION_COUNTS}"
            )
        return self


def pinhole(
    width_px: int,
    height_px: int,
    intrinsics_px: FloatArray,
    distortion: npt.ArrayLike = (0.0,) * 5,
    camera_name: str = "camera",
) -> Calibration:
    """Return the calibration of a single camera; a rectified picture keeps its intrinsics."""
    projection_px = np.hstack([intrinsics_px, np.zeros((3, 1))])
    return Calibration(
        width_px,
        height_px,
        intrinsics_px,
        "plumb_bob",
        np.asarray(distortion, dtype=np.float64),
        np.eye(3),
        projection_px,
        camera_name,
    )


def uncalibrated(width_px: int, height_px: int, camera_name: str = "camera") -> Calibration:
    """Return what a camera without calibration says: its size, and K[0] = 0."""
    zeros = np.zeros((3, 3))
    empty = np.zeros(0)
    return Calibration(width_px, height_px, zeros, "", empty, zeros, np.zeros((3, 4)), camera_name)


def _check_pinhole(intrinsics_px: FloatArray) -> None:
    focal_ok = intrinsics_px[0, 0] > 0.0 and intrinsics_px[1, 1] > 0.0
    last_row_ok = np.array_equal(intrinsics_px[2], [0.0, 0.0, 1.0])
    if not (focal_ok and last_row_ok and intrinsics_px[1, 0] == 0.0):
        raise InputError(
            f"camera matrix is {intrinsics_px.tolist()}, expected [[fx, s, cx], [0, fy, cy], "
            "[0, 0, 1]] with focal lengths above 0: calibrate the camera"
        )
