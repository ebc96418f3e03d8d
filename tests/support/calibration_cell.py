# SPDX-License-Identifier: Apache-2.0
"""A simulated cell with a fixed camera and the board on the arm's tool; the truth is known."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from board_scene import BoardCamera, lens

from rlcg_core.cell import ROBOT1
from rlcg_policy.calibrate.board import Board, BoardSize
from rlcg_policy.kinematics import PinocchioKinematics

URDF = Path(__file__).parents[2] / "config/urdf/iiwa7_parallel_gripper.urdf"
HOME = np.array(ROBOT1.arm.home_rad)
# How far the joints are led from home [rad]: the wrist turns the board about all axes.
REACH = np.array([0.35, 0.3, 0.35, 0.3, 0.9, 0.6, 1.2])
ENCODER_NOISE_RAD = 2e-4


def transform(turn_rad: np.ndarray, position_m: np.ndarray) -> np.ndarray:
    """Return a rigid transform (4, 4) of a rotation vector and a position."""
    made = np.eye(4)
    made[:3, :3], made[:3, 3] = cv2.Rodrigues(np.asarray(turn_rad, float))[0], position_m
    return made


class CalibrationCell:
    """Takes pictures while the arm is led about; ``camera_to_base`` (4, 4) is what is sought."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.board = Board(BoardSize())
        self.lens = lens(self.rng)
        self.scene = BoardCamera(self.board, self.lens, self.rng)
        self.kinematics = PinocchioKinematics(URDF, ROBOT1.arm)
        jitter = transform(self.rng.normal(0, 0.03, 3), self.rng.normal(0, 0.03, 3))
        self.camera_to_base = ROBOT1.camera.transform_camera_to_base @ jitter
        self.board_to_tool = self._mounted()

    def lens_pictures(self, count: int) -> Iterator[np.ndarray]:
        """Yield pictures of the board in a hand."""
        for _ in range(count):
            yield self.scene.picture(self.scene.random_pose())

    def stations(self, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield picture and measured joints (7,) of poses in which the board is seen."""
        for joints in self._seen(count, REACH):
            measured = joints + self.rng.normal(0.0, ENCODER_NOISE_RAD, 7)
            yield self.scene.picture(self._board_to_camera(joints)), measured

    def tool_poses(
        self, count: int, reach_rad: np.ndarray = REACH, joint_noise_rad: float = 0.0
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield measured tool to base and true board to camera, each (4, 4), without a picture."""
        for joints in self._seen(count, reach_rad):
            measured = joints + self.rng.normal(0.0, joint_noise_rad, 7)
            tool_to_base = self.kinematics.transform_tool_to_base(measured)
            yield tool_to_base, self._board_to_camera(joints)

    def _seen(self, count: int, reach_rad: np.ndarray) -> Iterator[np.ndarray]:
        for _ in range(100 * count):
            joints = HOME + self.rng.uniform(-reach_rad, reach_rad)
            if self.scene.sees(self._board_to_camera(joints)):
                yield joints
                count -= 1
                if count == 0:
                    return
        raise AssertionError("the camera hardly ever sees the board")

    def _board_to_camera(self, joints_rad: np.ndarray) -> np.ndarray:
        tool_to_base = self.kinematics.transform_tool_to_base(joints_rad)
        return np.linalg.inv(self.camera_to_base) @ tool_to_base @ self.board_to_tool

    def _mounted(self) -> np.ndarray:
        """Return where the board is on the tool: at home it looks to the camera."""
        tool_to_base = self.kinematics.transform_tool_to_base(HOME)
        tool_in_camera = np.linalg.inv(self.camera_to_base) @ tool_to_base
        size = self.board.size
        middle = 0.5 * np.array([size.columns * size.square_m, size.rows * size.square_m, 0.0])
        for _ in range(100):
            turn = self.rng.uniform(-0.3, 0.3, 3)
            facing = transform(turn, tool_in_camera[:3, 3] + self.rng.uniform(-0.1, 0.1, 3))
            facing[:3, 3] -= facing[:3, :3] @ middle
            if self.scene.sees(facing):
                return np.linalg.inv(tool_in_camera) @ facing
        raise AssertionError("the tool at home is out of the picture")
