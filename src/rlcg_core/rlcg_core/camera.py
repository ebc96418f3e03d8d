# SPDX-License-Identifier: Apache-2.0
"""Pinhole camera: from a calibration and a pose to the projection that networks are fed with."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import InputError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CameraModel:
    """An undistorted pinhole camera.

    ``intrinsics_px``: (3, 3) matrix K. ``transform_camera_to_base``: (4, 4) rigid transform of
    points from the optical frame (x right, y down, z forward; REP-103) to the robot base frame.
    """

    width_px: int
    height_px: int
    intrinsics_px: FloatArray
    transform_camera_to_base: FloatArray
    frame_id: str = "camera_optical_frame"

    def projection_base_to_px(self) -> FloatArray:
        """Return the (3, 4) matrix that takes homogeneous base points [m] to pixels."""
        if not self.intrinsics_px[0, 0] > 0.0:
            raise InputError(
                "camera_info is uncalibrated (K[0] is 0), expected a focal length in pixels: "
                "calibrate the camera"
            )
        transform_base_to_camera = np.linalg.inv(self.transform_camera_to_base)
        return np.asarray(self.intrinsics_px @ transform_base_to_camera[:3], dtype=np.float64)


def project(projection_base_to_px: FloatArray, points_base_m: FloatArray) -> FloatArray:
    """Return pixels (n, 2) of points (n, 3) in the base frame; points must lie before the lens."""
    homogeneous = np.concatenate([points_base_m, np.ones((len(points_base_m), 1))], axis=1)
    uvw = homogeneous @ projection_base_to_px.T
    return np.asarray(uvw[:, :2] / uvw[:, 2:3])


def look_at(eye_m: npt.ArrayLike, target_m: npt.ArrayLike) -> FloatArray:
    """Return ``transform_camera_to_base`` (4, 4) of a camera at ``eye_m`` that looks at a target.

    The image's up is base z as far as the line of sight allows.
    """
    eye, target = np.asarray(eye_m, dtype=np.float64), np.asarray(target_m, dtype=np.float64)
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    transform = np.eye(4)
    transform[:3, 0], transform[:3, 1], transform[:3, 2] = right, np.cross(forward, right), forward
    transform[:3, 3] = eye
    return transform


def intrinsics_from_fov(width_px: int, height_px: int, fov_vertical_rad: float) -> FloatArray:
    """Return K (3, 3) with square pixels and the principal point in the image centre."""
    focal_px = 0.5 * height_px / np.tan(0.5 * fov_vertical_rad)
    centre_x_px, centre_y_px = 0.5 * width_px, 0.5 * height_px
    return np.array([[focal_px, 0, centre_x_px], [0, focal_px, centre_y_px], [0, 0, 1.0]])
