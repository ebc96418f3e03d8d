# SPDX-License-Identifier: Apache-2.0
"""Pose of a fixed camera in the robot's base frame, from pictures of a board on the tool.

For picture i: transform_camera_to_base @ board_to_camera(i) = tool_to_base(i) @ board_to_tool. A
start in closed form (Shah 2013, J. Mech. Robot. 5:031007) is refined to the least reprojection
error over all corners (`refine`). OpenCV's function for the start, calibrateRobotWorldHandEye, is
missing from Python in OpenCV 5.0, and pictures of a board deserve the refinement anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core.calibration import Calibration
from rlcg_core.errors import InputError
from rlcg_policy.calibrate.board import BoardView
from rlcg_policy.calibrate.refine import Poses, Shot, error_px, refine

FloatArray = npt.NDArray[np.float64]

FEWEST_VIEWS = 8
# Second least singular value of the closed form's equations over the greatest; 0: undetermined.
LEAST_CONDITION = 0.02


@dataclass(frozen=True)
class CameraPose:
    """The result.

    ``error_px``: root mean square of the distances between corners found and projected, and by
    name of the picture. ``position_deviation_m``: standard error of the camera's position, by
    leaving out each picture in turn (jackknife), so that errors of the arm count too.
    """

    transform_camera_to_base: FloatArray
    transform_board_to_tool: FloatArray
    error_px: float
    view_errors_px: dict[str, float]
    position_deviation_m: float


def calibrate_pose(
    shots: Sequence[Shot],
    camera: Calibration,
    max_error_px: float = 3.0,
    max_deviation_m: float = 0.005,
) -> CameraPose:
    """Return the camera's pose; raises `InputError` for too few, too alike or too bad pictures."""
    if len(shots) < FEWEST_VIEWS:
        raise InputError(
            f"the board was found in {len(shots)} pictures, expected at least {FEWEST_VIEWS}: "
            "turn the tool about several axes in between"
        )
    poses = refine(shots, camera, _start(shots, camera))
    found = CameraPose(
        poses.transform_camera_to_base,
        poses.transform_board_to_tool,
        error_px(shots, camera, poses),
        {shot.view.name: error_px([shot], camera, poses) for shot in shots},
        _jackknife_m(shots, camera, poses),
    )
    _check(found, max_error_px, max_deviation_m)
    return found


def _start(shots: Sequence[Shot], camera: Calibration) -> Poses:
    boards = [_board_to_camera(shot.view, camera) for shot in shots]
    tools = [shot.transform_tool_to_base for shot in shots]
    camera_rotation, board_rotation = _rotations(tools, boards)
    rows = [np.hstack([np.eye(3), -tool[:3, :3]]) for tool in tools]
    pairs = zip(tools, boards, strict=True)
    shifts = [tool[:3, 3] - camera_rotation @ board[:3, 3] for tool, board in pairs]
    solved = np.linalg.lstsq(np.vstack(rows), np.concatenate(shifts), rcond=None)[0]
    return Poses(_transform(camera_rotation, solved[:3]), _transform(board_rotation, solved[3:]))


def _rotations(
    tools: Sequence[FloatArray], boards: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return R of camera to base and of board to tool: null vector of R_X R_B = R_W R_Z."""
    eye = np.eye(3)
    rows = [
        np.hstack([np.kron(board[:3, :3].T, eye), -np.kron(eye, tool[:3, :3])])
        for tool, board in zip(tools, boards, strict=True)
    ]
    _, values, vectors = np.linalg.svd(np.vstack(rows))
    condition = values[-2] / values[0]
    if not condition > LEAST_CONDITION:
        raise InputError(
            f"the pictures do not tell the pose (condition {condition:.3f}, expected above "
            f"{LEAST_CONDITION:g}): turn the tool by 20 degrees and more, about at least two axes"
        )
    # Each half is a rotation times a common factor; columns first, as vec() of the Kronecker rule.
    halves = [vectors[-1][i : i + 9].reshape(3, 3, order="F") for i in (0, 9)]
    sign = np.sign(np.linalg.det(halves[0]))
    camera, board = (_nearest_rotation(sign * half) for half in halves)
    return camera, board


def _nearest_rotation(matrix: FloatArray) -> FloatArray:
    left, _, right = np.linalg.svd(matrix)
    flip = np.diag([1.0, 1.0, np.linalg.det(left @ right)])
    return np.asarray(left @ flip @ right)


def _board_to_camera(view: BoardView, camera: Calibration) -> FloatArray:
    solved, rotation, translation = cv2.solvePnP(
        view.corners_m, view.corners_px, camera.intrinsics_px, camera.distortion
    )
    if not solved:
        raise InputError(f"{view.name}: the board's pose cannot be found: leave the picture out")
    return _transform(cv2.Rodrigues(rotation)[0], translation.ravel())


def _transform(rotation: FloatArray, translation: FloatArray) -> FloatArray:
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = rotation, translation
    return transform


def _jackknife_m(shots: Sequence[Shot], camera: Calibration, poses: Poses) -> float:
    count = len(shots)
    kept = [[*shots[:i], *shots[i + 1 :]] for i in range(count)]
    found = [refine(some, camera, poses).transform_camera_to_base[:3, 3] for some in kept]
    spread = np.var(np.array(found), axis=0).sum()
    return float(np.sqrt((count - 1) * spread))


def _check(found: CameraPose, max_error_px: float, max_deviation_m: float) -> None:
    worst = max(found.view_errors_px, key=lambda name: found.view_errors_px[name])
    if not found.error_px <= max_error_px:
        raise InputError(
            f"reprojection error is {found.error_px:.2f} px, expected at most {max_error_px:g}; "
            f"worst is {worst} with {found.view_errors_px[worst]:.2f} px: did the board slip, did "
            "arm or camera move in a picture, are robot description and board size right?"
        )
    if not found.position_deviation_m <= max_deviation_m:
        raise InputError(
            f"position is known to {1e3 * found.position_deviation_m:.1f} mm, expected "
            f"{1e3 * max_deviation_m:g}: take more pictures, the tool turned about several axes, "
            "and near the camera"
        )
