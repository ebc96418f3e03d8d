# SPDX-License-Identifier: Apache-2.0
"""command_mode pose: poses of the tool at a rate, as Cartesian controllers take."""

from geometry_msgs.msg import PoseStamped
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode

from rlcg_core.errors import KinematicsError
from rlcg_core.motion import Motion
from rlcg_core.ports import Kinematics
from rlcg_core.tool_stream import ToolStream
from rlcg_core.types import FloatArray
from rlcg_ros import qos
from rlcg_ros.conversions import tool_pose_to_msg


class PoseOutput:
    """`rlcg_core.outputs.ArmOutput` on topic ``target_pose``, in the base frame."""

    def __init__(
        self, node: LifecycleNode, period_s: float, base_frame: str, kinematics: Kinematics
    ) -> None:
        self.period_s = period_s
        self._node, self._base_frame, self._kinematics = node, base_frame, kinematics
        self._stream = ToolStream(period_s, kinematics)
        self._publisher = node.create_lifecycle_publisher(PoseStamped, "target_pose", qos.COMMAND)

    def move(self, motion: Motion, measured_rad: FloatArray, clock_s: float) -> None:
        """Begin the step; a hold is the pose where the arm is."""
        if motion.is_hold:
            self._stream.end()
            self._send(motion.trajectory.positions[-1])
        else:
            self._stream.begin(motion.trajectory, measured_rad, clock_s)

    def tick(self, measured_rad: FloatArray, clock_s: float) -> None:
        """Send the pose of now; the last one again until the tool has arrived, or should have."""
        try:
            point = self._stream.due(measured_rad, clock_s)
        except KinematicsError as error:
            self._node.get_logger().error(f"step broken off: {error}")
            self.halt()
            return
        if point is not None:
            self._send(point.joints_rad)

    def halt(self) -> None:
        """Send no more: the servo stops by its own timeout, or holds the last pose."""
        self._stream.end()

    def flush(self, timeout_s: float) -> None:
        """Wait until the servo has the last pose."""
        self._publisher.wait_for_all_acked(Duration(seconds=timeout_s))

    def close(self) -> None:
        """Stop publishing."""
        self._node.destroy_publisher(self._publisher)

    def _send(self, joints_rad: FloatArray) -> None:
        try:
            pose = self._kinematics.tool_pose(joints_rad)
        except KinematicsError as error:
            self._node.get_logger().error(f"no pose sent: {error}")
            self._stream.end()
            return
        stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(tool_pose_to_msg(pose, self._base_frame, stamp))
