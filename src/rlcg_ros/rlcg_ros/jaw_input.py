# SPDX-License-Identifier: Apache-2.0
"""The driver's side of ``gripper_command``: a trajectory of one joint, or one number."""

from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.cell import GripperDescription
from rlcg_core.errors import InputError, SpecError
from rlcg_core.trajectory import check_trajectory
from rlcg_ros import qos
from rlcg_ros.conversions import trajectory_from_msg


class JawInput:
    """Subscribes to the topic of one gripper mode; hands on opening [m] and duration [s]."""

    def __init__(
        self,
        node: Node,
        mode: str,
        gripper: GripperDescription,
        now_s: Callable[[], float],
        take: Callable[[float, float], None],
    ) -> None:
        """``now_s`` tells the ROS time [s]; ``take`` gets each command."""
        self._node, self._gripper, self._now_s, self._take = node, gripper, now_s, take
        whole = mode == "joint_trajectory"
        kind = JointTrajectory if whole else Float64MultiArray
        self._read = self._trajectory if whole else self._opening
        node.create_subscription(kind, "gripper_command", self._on_message, qos.COMMAND)

    def _on_message(self, msg: Any) -> None:
        try:
            opening_m, duration_s = self._read(msg)
        except (InputError, SpecError) as error:
            self._node.get_logger().error(f"command ignored: {error}")
            return
        self._take(opening_m, duration_s)

    def _trajectory(self, msg: JointTrajectory) -> tuple[float, float]:
        read = trajectory_from_msg(msg, (self._gripper.joint_name,), self._now_s())
        checked = check_trajectory(read, 1)
        return float(checked.positions[-1, 0]), float(checked.times_s[-1])

    def _opening(self, msg: Float64MultiArray) -> tuple[float, float]:
        if len(msg.data) != 1 or not np.isfinite(msg.data[0]):
            raise InputError(f"gripper command is {list(msg.data)}, expected one finite opening")
        return float(msg.data[0]), self._gripper.close_time_s
