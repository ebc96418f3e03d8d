# SPDX-License-Identifier: Apache-2.0
"""Least reprojection error over the poses of camera and board (Levenberg and Marquardt)."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core.calibration import Calibration
from rlcg_policy.calibrate.board import BoardView

FloatArray = npt.NDArray[np.float64]

MOST_STEPS = 30
STEP = 1e-6
ENOUGH = 1e-9


@dataclass(frozen=True)
class Shot:
    """One picture and where the tool was: ``transform_tool_to_base`` (4, 4)."""

    view: BoardView
    transform_tool_to_base: FloatArray


@dataclass(frozen=True)
class Poses:
    """What is sought, each (4, 4)."""

    transform_camera_to_base: FloatArray
    transform_board_to_tool: FloatArray

    def moved(self, change: FloatArray) -> "Poses":
        """Return the poses after a small motion (12,): turns [rad] and shifts [m] of each."""
        return Poses(
            self.transform_camera_to_base @ _motion(change[:6]),
            self.transform_board_to_tool @ _motion(change[6:]),
        )


def refine(shots: Sequence[Shot], camera: Calibration, start: Poses) -> Poses:
    """Return the poses near ``start`` with the least squared distance of all corners [px]."""
    poses, damping = start, 1e-3
    residual = _residual_px(shots, camera, poses)
    for _ in range(MOST_STEPS):
        jacobian = _jacobian(shots, camera, poses)
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ residual
        damped = normal + damping * np.diag(np.diag(normal))
        change = -np.linalg.solve(damped, gradient).astype(np.float64)
        tried = poses.moved(change)
        after = _residual_px(shots, camera, tried)
        if after @ after < residual @ residual:
            poses, residual, damping = tried, after, 0.1 * damping
        else:
            damping *= 10.0
        if np.abs(change).max() < ENOUGH:
            break
    return poses


def error_px(shots: Sequence[Shot], camera: Calibration, poses: Poses) -> float:
    """Return the root mean square of the distances between corners found and projected."""
    return float(np.sqrt(2.0 * np.mean(np.square(_residual_px(shots, camera, poses)))))


def _residual_px(shots: Sequence[Shot], camera: Calibration, poses: Poses) -> FloatArray:
    """Return projected minus found corners, (2 n,)."""
    transform_base_to_camera = np.linalg.inv(poses.transform_camera_to_base)
    parts = []
    for shot in shots:
        board = shot.transform_tool_to_base @ poses.transform_board_to_tool
        projected_px = _projected_px(shot.view, camera, transform_base_to_camera @ board)
        parts.append((projected_px - shot.view.corners_px).ravel())
    return np.concatenate(parts)


def _projected_px(view: BoardView, camera: Calibration, board_to_camera: FloatArray) -> FloatArray:
    turn = cv2.Rodrigues(board_to_camera[:3, :3])[0]
    pixels = cv2.projectPoints(
        view.corners_m, turn, board_to_camera[:3, 3], camera.intrinsics_px, camera.distortion
    )[0]
    return np.asarray(pixels.reshape(-1, 2))


def _jacobian(shots: Sequence[Shot], camera: Calibration, poses: Poses) -> FloatArray:
    """Return the derivatives (2 n, 12) of the residual by a small motion, by differences."""
    columns = []
    for step in STEP * np.eye(12):
        ahead = _residual_px(shots, camera, poses.moved(step))
        behind = _residual_px(shots, camera, poses.moved(-step))
        columns.append((ahead - behind) / (2.0 * STEP))
    return np.stack(columns, axis=1)


def _motion(change: FloatArray) -> FloatArray:
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = cv2.Rodrigues(change[:3])[0], change[3:]
    return transform
