# SPDX-License-Identifier: Apache-2.0
"""Focal length, image centre and lens distortion from pictures of the board, by OpenCV."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from rlcg_core.calibration import Calibration, pinhole
from rlcg_core.errors import InputError
from rlcg_policy.calibrate.board import BoardView

FEWEST_VIEWS = 8
# One standard deviation of the focal length, relative: above, the board was not turned enough.
MOST_FOCAL_DEVIATION = 0.01


@dataclass(frozen=True)
class Intrinsics:
    """A calibration and how good it is.

    ``error_px``: root mean square of the distances between corners found and projected.
    ``view_errors_px``: the same for each picture, by its name. ``focal_deviation_px``: standard
    deviation of the focal length, x and y.
    """

    calibration: Calibration
    error_px: float
    view_errors_px: dict[str, float]
    focal_deviation_px: tuple[float, float]


def calibrate_intrinsics(
    views: Sequence[BoardView], camera_name: str, max_error_px: float = 1.0
) -> Intrinsics:
    """Return the calibration; raises `InputError` for too few, too alike or too bad pictures.

    Distortion is plumb_bob with k3 = 0, as by ROS's cameracalibrator.
    """
    size_px = _common_size(views)
    error_px, intrinsics_px, distortion, _, _, deviations, _, view_errors = (
        cv2.calibrateCameraExtended(
            [view.corners_m.astype(np.float32) for view in views],
            [view.corners_px.astype(np.float32) for view in views],
            size_px,
            np.eye(3),
            np.zeros(5),
            flags=cv2.CALIB_FIX_K3,
        )
    )
    errors = [float(error) for error in np.ravel(view_errors)]
    names = [view.name for view in views]
    calibration = pinhole(*size_px, intrinsics_px, np.ravel(distortion)[:5], camera_name).check()
    deviation_px = (float(deviations[0, 0]), float(deviations[1, 0]))
    found = Intrinsics(
        calibration, float(error_px), dict(zip(names, errors, strict=True)), deviation_px
    )
    _check(found, max_error_px)
    return found


def _common_size(views: Sequence[BoardView]) -> tuple[int, int]:
    sizes = sorted({view.size_px for view in views})
    if len(views) < FEWEST_VIEWS:
        raise InputError(
            f"the board was found in {len(views)} pictures, expected at least {FEWEST_VIEWS}: take "
            "more, all over the picture, near and far, tilted to all sides"
        )
    if len(sizes) > 1:
        raise InputError(f"pictures have the sizes {sizes}, expected one: calibrate each alone")
    return sizes[0]


def _check(found: Intrinsics, max_error_px: float) -> None:
    worst = max(found.view_errors_px, key=lambda name: found.view_errors_px[name])
    if not found.error_px <= max_error_px:
        raise InputError(
            f"reprojection error is {found.error_px:.2f} px, expected at most {max_error_px:g}; "
            f"worst is {worst} with {found.view_errors_px[worst]:.2f} px: is the board flat, "
            "the camera still and in focus? leave bad pictures out"
        )
    focal_px = found.calibration.intrinsics_px[0, 0]
    relative = max(found.focal_deviation_px) / focal_px
    if not relative <= MOST_FOCAL_DEVIATION:
        raise InputError(
            f"focal length is known to {100.0 * relative:.1f} percent, expected "
            f"{100.0 * MOST_FOCAL_DEVIATION:g}: tilt the board by 20 to 45 degrees to all sides"
        )
