# SPDX-License-Identifier: Apache-2.0
"""sensor_msgs/CameraInfo to and from the core's `CameraModel` and `Calibration`."""

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CameraInfo

from rlcg_core.calibration import Calibration
from rlcg_core.camera import CameraModel
from rlcg_core.errors import InputError
from rlcg_ros.conversions.stamps import stamp_from_s

FloatArray = npt.NDArray[np.float64]


def camera_from_info(msg: CameraInfo, transform_camera_to_base: FloatArray) -> CameraModel:
    """Return the camera; the pose (4, 4) is not in the message and comes from calibration.

    Raises `InputError` for an uncalibrated camera and for one with lens distortion.
    """
    intrinsics_px = np.array(msg.k, dtype=np.float64).reshape(3, 3)
    if not np.all(np.isfinite(intrinsics_px)) or not intrinsics_px[0, 0] > 0.0:
        raise InputError(
            f"camera_info has K[0] = {intrinsics_px[0, 0]:g}, expected a focal length in pixels: "
            "calibrate the camera"
        )
    if np.any(np.abs(np.array(msg.d)) > 1e-9):
        raise InputError(
            f"camera_info has lens distortion {list(msg.d)}, expected none: set rectify of "
            "camera_node, or remap image_raw and camera_info to the rectified picture"
        )
    return CameraModel(
        msg.width, msg.height, intrinsics_px, transform_camera_to_base, msg.header.frame_id
    )


def camera_to_info(camera: CameraModel, stamp_s: float) -> CameraInfo:
    """Return the message of an undistorted pinhole camera."""
    msg = CameraInfo(width=camera.width_px, height=camera.height_px)
    msg.header.stamp, msg.header.frame_id = stamp_from_s(stamp_s), camera.frame_id
    msg.distortion_model, msg.d = "plumb_bob", [0.0] * 5
    msg.k = camera.intrinsics_px.ravel().tolist()
    msg.r = np.eye(3).ravel().tolist()
    msg.p = np.hstack([camera.intrinsics_px, np.zeros((3, 1))]).ravel().tolist()
    return msg


def calibration_to_info(calibration: Calibration, stamp_s: float, frame_id: str) -> CameraInfo:
    """Return the message of a calibration; uncalibrated, K, R and P are 0 and D is empty."""
    msg = CameraInfo(width=calibration.width_px, height=calibration.height_px)
    msg.header.stamp, msg.header.frame_id = stamp_from_s(stamp_s), frame_id
    msg.distortion_model = calibration.distortion_model
    msg.d = calibration.distortion.tolist()
    msg.k = calibration.intrinsics_px.ravel().tolist()
    msg.r = calibration.rectification.ravel().tolist()
    msg.p = calibration.projection_px.ravel().tolist()
    return msg


def calibration_from_info(msg: CameraInfo, camera_name: str) -> Calibration:
    """Return the calibration in the message, checked; raises `InputError`."""
    return Calibration(
        int(msg.width),
        int(msg.height),
        np.array(msg.k, dtype=np.float64).reshape(3, 3),
        msg.distortion_model,
        np.array(msg.d, dtype=np.float64),
        np.array(msg.r, dtype=np.float64).reshape(3, 3),
        np.array(msg.p, dtype=np.float64).reshape(3, 4),
        camera_name,
    ).check()
