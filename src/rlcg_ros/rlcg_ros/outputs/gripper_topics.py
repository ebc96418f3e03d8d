# SPDX-License-Identifier: Apache-2.0
"""gripper_mode joint_trajectory and joint_positions: the jaw's opening on ``gripper_command``."""

import numpy as np
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.types import ArmTrajectory
from rlcg_ros import qos
from rlcg_ros.conversions import trajectory_to_msg

TOPIC = "gripper_command"


class _TopicGripper:
    """What both modes share: one publisher, of messages of ``kind``."""

    def __init__(self, node: LifecycleNode, kind: type) -> None:
        self._node = node
        self._publisher = node.create_lifecycle_publisher(kind, TOPIC, qos.COMMAND)

    def check_ready(self) -> None:
        """Accept: who subscribes to a topic may come later."""

    def flush(self, timeout_s: float) -> None:
        """Wait until the driver has the last opening."""
        self._publisher.wait_for_all_acked(Duration(seconds=timeout_s))

    def close(self) -> None:
        """Stop publishing."""
        self._node.destroy_publisher(self._publisher)


class TrajectoryGripper(_TopicGripper):
    """`rlcg_core.outputs.GripperOutput` as trajectory_msgs/JointTrajectory."""

    def __init__(self, node: LifecycleNode, joint_name: str) -> None:
        super().__init__(node, JointTrajectory)
        self._joint_name = joint_name

    def move(self, opening_m: float, duration_s: float) -> None:
        """Send one point: the opening, reached after ``duration_s``."""
        jaw = ArmTrajectory(np.array([[opening_m]]), np.array([duration_s]))
        self._publisher.publish(trajectory_to_msg(jaw, (self._joint_name,)))


class PositionsGripper(_TopicGripper):
    """`rlcg_core.outputs.GripperOutput` as std_msgs/Float64MultiArray."""

    def __init__(self, node: LifecycleNode) -> None:
        super().__init__(node, Float64MultiArray)

    def move(self, opening_m: float, duration_s: float) -> None:
        """Send the opening; the controller moves at its own speed."""
        self._publisher.publish(Float64MultiArray(data=[opening_m]))
