# SPDX-License-Identifier: Apache-2.0
"""The simulated arm under set points: what forward_position_controller and moveit_servo do.

The servo integrates the tool's velocity through a damped inverse of the Jacobian, slows down to
its joint speeds, and stops when commands cease.
"""

import numpy as np

from rlcg_core.cell import ArmDescription
from rlcg_core.servo_orders import SERVO_TIMEOUT_S, JointTarget, ServoOrder, ToolTwist
from rlcg_core.types import ArmTrajectory, FloatArray
from rlcg_sim.urdf_chain import ChainJoint, tip_transform

DAMPING = 1e-4
# A pose target is approached at this share of the way per second, at most this fast.
POSE_GAIN_PER_S = 10.0
POSE_SPEED_M_S = 0.3
_DIFFERENCE_RAD = 1e-6


class ArmServo:
    """Turns the newest order into the arm's next short trajectory."""

    def __init__(self, chain: list[ChainJoint], arm: ArmDescription) -> None:
        self._chain, self._arm = chain, arm
        self._order: ServoOrder | None = None
        self._joints_rad: FloatArray | None = None

    def take(self, order: ServoOrder) -> None:
        """Follow an order from now on."""
        self._order = order

    def reset(self) -> None:
        """Forget everything, as a reset world does."""
        self._order = self._joints_rad = None

    def next(
        self, measured_rad: FloatArray, time_s: float, period_s: float
    ) -> ArmTrajectory | None:
        """Return the motion of the next ``period_s``, None while there is nothing to follow."""
        order = self._order
        if order is None:
            return None
        if isinstance(order, JointTarget):
            self._order = None
            return ArmTrajectory(order.joints_rad[None], np.array([max(period_s, 1e-3)]))
        if self._joints_rad is None:
            self._joints_rad = measured_rad.copy()
        if time_s - order.stamp_s > SERVO_TIMEOUT_S:
            self._order = None
            standing, self._joints_rad = self._joints_rad, None
            return ArmTrajectory(standing[None], np.array([max(period_s, 1e-3)]))
        twist = self._twist(order, self._joints_rad)
        self._joints_rad = self._joints_rad + period_s * self._joint_speeds(twist)
        return ArmTrajectory(self._joints_rad[None], np.array([max(period_s, 1e-3)]))

    def _twist(self, order: ServoOrder, joints_rad: FloatArray) -> FloatArray:
        """Return the tool's velocity (6,): linear [m/s], angular [rad/s]."""
        if isinstance(order, ToolTwist):
            return np.concatenate([order.linear_m_s, order.angular_rad_s])
        assert not isinstance(order, JointTarget)
        here = self._tip(joints_rad)
        linear = POSE_GAIN_PER_S * (order.pose.position_m - here[:3, 3])
        speed_m_s = float(np.linalg.norm(linear))
        linear = linear * min(1.0, POSE_SPEED_M_S / max(speed_m_s, 1e-9))
        yaw = order.pose.yaw_rad
        down = np.array(
            [[np.cos(yaw), np.sin(yaw), 0.0], [np.sin(yaw), -np.cos(yaw), 0.0], [0.0, 0.0, -1.0]]
        )
        return np.concatenate([linear, POSE_GAIN_PER_S * _rotation_vector(down @ here[:3, :3].T)])

    def _joint_speeds(self, twist: FloatArray) -> FloatArray:
        jacobian = self._jacobian()
        square = jacobian @ jacobian.T + DAMPING * np.eye(6)
        speeds = jacobian.T @ np.linalg.solve(square, twist)
        excess = float(np.max(np.abs(speeds) / np.array(self._arm.speed_limit_rad_s)))
        return np.asarray(speeds / max(1.0, excess))

    def _jacobian(self) -> FloatArray:
        """Return d(tool position, tool rotation)/d(joints), (6, n), in the base frame."""
        assert self._joints_rad is not None
        here, columns = self._tip(self._joints_rad), []
        for i in range(len(self._joints_rad)):
            turned = self._joints_rad.copy()
            turned[i] += _DIFFERENCE_RAD
            there = self._tip(turned)
            turn = _rotation_vector(there[:3, :3] @ here[:3, :3].T)
            columns.append(np.concatenate([there[:3, 3] - here[:3, 3], turn]) / _DIFFERENCE_RAD)
        return np.array(columns).T

    def _tip(self, joints_rad: FloatArray) -> FloatArray:
        return tip_transform(self._chain, self._arm.joint_names, joints_rad)


def _rotation_vector(rotation: FloatArray) -> FloatArray:
    """Return axis times sine of the angle (3,) of a rotation (3, 3): the angle, where small."""
    skew = 0.5 * (rotation - rotation.T)
    return np.array([skew[2, 1], skew[0, 2], skew[1, 0]])
