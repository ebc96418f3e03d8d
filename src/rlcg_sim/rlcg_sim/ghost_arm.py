# SPDX-License-Identifier: Apache-2.0
"""Inverse kinematics of the simulated arm on a ghost: the same robot in an empty client.

PyBullet's solver reads and starts at the body's joints; on a ghost it can be iterated to 0.2 mm
without touching the simulation, which one call leaves up to 38 mm short.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pybullet
from pybullet_utils.bullet_client import BulletClient

from rlcg_core.cell import Cell
from rlcg_core.errors import KinematicsError
from rlcg_core.types import ToolPose
from rlcg_sim.arm import joint_indices, load_robot

FloatArray = npt.NDArray[np.float64]

ROUNDS = 10
ITERATIONS_PER_ROUND = 60
TOLERANCE_M = 2e-4
TOLERANCE_RAD = 1e-3


class GhostArm:
    """Solves for joint positions; implements the core's Kinematics port."""

    def __init__(self, cell: Cell, urdf: Path) -> None:
        self._client: Any = BulletClient(pybullet.DIRECT)
        self._body = load_robot(self._client, urdf)
        names = joint_indices(self._client, self._body)
        self._arm = [names[name] for name in cell.arm.joint_names]
        self._tcp = names["tcp_mount"]
        self._home = np.array(cell.arm.home_rad)
        self._limit = np.array(cell.arm.position_limit_rad)

    def tool_pose(self, joints_rad: FloatArray) -> ToolPose:
        """Return the tool pose of joint positions (n,)."""
        position, rotation = self._forward(joints_rad)
        return ToolPose(position, float(np.arctan2(rotation[1, 0], rotation[0, 0])))

    def joints(self, pose: ToolPose, seed_rad: FloatArray) -> FloatArray:
        """Return joint positions (n,) near ``seed_rad``; raises `KinematicsError` if none."""
        error = ""
        for start in (seed_rad, self._home):
            found, miss_m = self._solve(pose, start)
            if miss_m < TOLERANCE_M and np.all(np.abs(found) < self._limit):
                return found
            error = f"misses by {1e3 * miss_m:.1f} mm with joints {np.round(found, 2).tolist()}"
        raise KinematicsError(
            f"tool pose {np.round(pose.position_m, 3).tolist()} m, yaw {pose.yaw_rad:.2f} rad "
            f"{error}, expected < {1e3 * TOLERANCE_M:g} mm within the joint limits"
        )

    def _solve(self, pose: ToolPose, joints_rad: FloatArray) -> tuple[FloatArray, float]:
        quaternion = self._client.getQuaternionFromEuler([np.pi, 0.0, pose.yaw_rad])
        wanted = np.array(self._client.getMatrixFromQuaternion(quaternion)).reshape(3, 3)
        joints, miss_m = np.asarray(joints_rad, dtype=np.float64), np.inf
        for _ in range(ROUNDS):
            position, rotation = self._forward(joints)
            miss_m = float(np.linalg.norm(position - pose.position_m))
            turn_rad = np.arccos(np.clip(0.5 * (np.trace(rotation.T @ wanted) - 1), -1, 1))
            if miss_m < TOLERANCE_M and turn_rad < TOLERANCE_RAD:
                break
            answer = self._client.calculateInverseKinematics(
                self._body,
                self._tcp,
                pose.position_m.tolist(),
                quaternion,
                maxNumIterations=ITERATIONS_PER_ROUND,
                residualThreshold=1e-6,
            )
            joints = np.array(answer[: len(self._arm)])
        return joints, miss_m

    def _forward(self, joints_rad: FloatArray) -> tuple[FloatArray, FloatArray]:
        for index, value in zip(self._arm, joints_rad, strict=True):
            self._client.resetJointState(self._body, index, float(value))
        state = self._client.getLinkState(self._body, self._tcp, computeForwardKinematics=True)
        rotation = np.array(self._client.getMatrixFromQuaternion(state[5])).reshape(3, 3)
        return np.array(state[4]), rotation

    def close(self) -> None:
        """Disconnect the ghost's client; safe to call twice."""
        if self._client.isConnected():
            self._client.disconnect()
