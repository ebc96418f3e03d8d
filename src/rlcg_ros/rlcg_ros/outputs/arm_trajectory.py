# SPDX-License-Identifier: Apache-2.0
"""command_mode joint_trajectory: one trajectory per step, as joint_trajectory_controller takes."""

from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.motion import Motion
from rlcg_core.types import FloatArray
from rlcg_ros import qos
from rlcg_ros.conversions import trajectory_to_msg


class TrajectoryOutput:
    """`rlcg_core.outputs.ArmOutput` on topic ``joint_trajectory``."""

    period_s = 0.0

    def __init__(self, node: LifecycleNode, joint_names: tuple[str, ...]) -> None:
        self._node, self._joint_names = node, joint_names
        self._publisher = node.create_lifecycle_publisher(
            JointTrajectory, "joint_trajectory", qos.COMMAND
        )

    def move(self, motion: Motion, measured_rad: FloatArray, clock_s: float) -> None:
        """Send the trajectory; it replaces the running one on arrival."""
        self._publisher.publish(trajectory_to_msg(motion.trajectory, self._joint_names))

    def tick(self, measured_rad: FloatArray, clock_s: float) -> None:
        """Do nothing: the controller carries the step out."""

    def halt(self) -> None:
        """Do nothing: every trajectory ends at rest by itself."""

    def flush(self, timeout_s: float) -> None:
        """Wait until the controller has the last trajectory."""
        self._publisher.wait_for_all_acked(Duration(seconds=timeout_s))

    def close(self) -> None:
        """Stop publishing."""
        self._node.destroy_publisher(self._publisher)
