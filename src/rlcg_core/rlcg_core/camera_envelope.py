# SPDX-License-Identifier: Apache-2.0
"""Whether a camera is near enough to the one that a model was trained with."""

import numpy as np

from rlcg_core.camera import CameraModel
from rlcg_core.manifest import CameraEnvelope
from rlcg_core.transforms import rotation_between_rad


def misfit(camera: CameraModel, envelope: CameraEnvelope) -> str:
    """Return one line that says how the camera leaves the envelope, or an empty text."""
    trained_px = np.array(envelope.intrinsics_px)
    trained_pose = np.array(envelope.transform_camera_to_base)
    focal = max(abs(camera.intrinsics_px[i, i] / trained_px[i, i] - 1.0) for i in (0, 1))
    centre_px = float(np.max(np.abs(camera.intrinsics_px[:2, 2] - trained_px[:2, 2])))
    shift_m = camera.transform_camera_to_base[:3, 3] - trained_pose[:3, 3]
    position_m = float(np.linalg.norm(shift_m))
    turn_rad = rotation_between_rad(camera.transform_camera_to_base, trained_pose)
    measured = (
        ("focal length is off by a factor of", focal, envelope.focal_tolerance),
        ("image centre is off by [px]", centre_px, envelope.centre_tolerance_px),
        ("position is off by [m]", position_m, envelope.position_tolerance_m),
        ("orientation is off by [rad]", turn_rad, envelope.rotation_tolerance_rad),
    )
    faults = [
        f"{what} {found:.3g} (at most {most:g})" for what, found, most in measured if found > most
    ]
    return "; ".join(faults)
