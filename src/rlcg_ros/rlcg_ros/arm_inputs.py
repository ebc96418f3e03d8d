# SPDX-License-Identifier: Apache-2.0
"""The driver's side of the arm's command topics, with the rules of the controllers it stands for.

joint_trajectory_controller: all joints, no trajectory wholly in the past, stamp 0 starts now, at
rest at the end.
forward_position_controller: one finite number per joint. moveit_servo: finite, in the base frame,
named, and not older than a timeout. What breaks a rule is ignored with a line in the log.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped, TwistStamped
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray, Header
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.cell import ArmDescription
from rlcg_core.errors import InputError, SpecError
from rlcg_core.servo_orders import (
    SERVO_TIMEOUT_S,
    JointTarget,
    ServoOrder,
    ToolTarget,
    ToolTwist,
)
from rlcg_core.trajectory import check_trajectory
from rlcg_core.types import ArmTrajectory, FloatArray
from rlcg_ros import qos
from rlcg_ros.conversions import stamp_to_s, tool_pose_from_msg, trajectory_from_msg


class ArmInputs:
    """Subscribes to the topic of one command mode; hands on what the rules allow."""

    def __init__(
        self,
        node: Node,
        mode: str,
        arm: ArmDescription,
        now_s: Callable[[], float],
        take: Callable[[ArmTrajectory | ServoOrder], None],
    ) -> None:
        """``now_s`` tells the ROS time [s]; ``take`` gets each order."""
        self._node, self._arm, self._now_s, self._take = node, arm, now_s, take
        modes: dict[str, tuple[Any, str, Callable[[Any], ArmTrajectory | ServoOrder]]] = {
            "joint_trajectory": (JointTrajectory, "joint_trajectory", self._trajectory),
            "joint_positions": (Float64MultiArray, "joint_positions", self._target),
            "twist": (TwistStamped, "target_twist", self._twist),
            "pose": (PoseStamped, "target_pose", self._pose),
        }
        kind, topic, self._read = modes[mode]
        node.create_subscription(kind, topic, self._on_message, qos.COMMAND)

    def _on_message(self, msg: Any) -> None:
        try:
            order = self._read(msg)
        except (InputError, SpecError) as error:
            self._node.get_logger().error(f"command ignored: {error}")
            return
        self._take(order)

    def _trajectory(self, msg: JointTrajectory) -> ArmTrajectory:
        names = self._arm.joint_names
        checked = check_trajectory(trajectory_from_msg(msg, names, self._now_s()), len(names))
        if checked.velocities is not None and np.any(checked.velocities[-1] != 0.0):
            raise InputError(
                f"trajectory ends with {checked.velocities[-1].tolist()} rad/s, expected rest"
            )
        return checked

    def _target(self, msg: Float64MultiArray) -> JointTarget:
        joints_rad = np.array(msg.data, dtype=np.float64)
        if joints_rad.shape != (len(self._arm.joint_names),):
            raise InputError(
                f"{joints_rad.size} positions, expected one for each of "
                f"{list(self._arm.joint_names)}"
            )
        return JointTarget(_finite(joints_rad))

    def _twist(self, msg: TwistStamped) -> ToolTwist:
        stamp_s, twist = self._checked_header(msg.header), msg.twist
        linear = np.array([twist.linear.x, twist.linear.y, twist.linear.z])
        angular = np.array([twist.angular.x, twist.angular.y, twist.angular.z])
        return ToolTwist(_finite(linear), _finite(angular), stamp_s)

    def _pose(self, msg: PoseStamped) -> ToolTarget:
        stamp_s, pose = self._checked_header(msg.header), tool_pose_from_msg(msg)
        _finite(np.array([*pose.position_m, pose.yaw_rad]))
        return ToolTarget(pose, stamp_s)

    def _checked_header(self, header: Header) -> float:
        if header.frame_id != self._arm.base_frame:
            raise InputError(
                f"command is in frame '{header.frame_id}', expected '{self._arm.base_frame}'"
            )
        stamp_s = stamp_to_s(header.stamp)
        age_s = self._now_s() - stamp_s
        if age_s > SERVO_TIMEOUT_S:
            raise InputError(
                f"command is {age_s:.3f} s old, expected at most {SERVO_TIMEOUT_S:g} s"
            )
        return stamp_s


def _finite(numbers: FloatArray) -> FloatArray:
    if not np.all(np.isfinite(numbers)):
        raise InputError(f"command has non-finite numbers {numbers.tolist()}")
    return numbers
