# SPDX-License-Identifier: Apache-2.0
"""command_mode pose: poses of the tool at a rate, as Cartesian controllers take."""

from geometry_msgs.msg import PoseStamped
from rclpy.lifecycle import LifecycleNode

from rlcg_core.errors import KinematicsError
from rlcg_core.motion import Motion
from rlcg_core.ports import Kinematics
from rlcg_core.tool_stream import ToolStream
from rlcg_core.types import FloatArray
from rlcg_ros import qos
from rlcg_ros.conversions import tool_pose_to_msg
from rlcg_ros.outputs.streamed_arm import StreamedArm


class PoseOutput(StreamedArm[ToolStream]):
    """`rlcg_core.outputs.ArmOutput` on topic ``target_pose``, in the base frame."""

    def __init__(
        self, node: LifecycleNode, period_s: float, base_frame: str, kinematics: Kinematics
    ) -> None:
        publisher = node.create_lifecycle_publisher(PoseStamped, "target_pose", qos.COMMAND)
        super().__init__(node, period_s, ToolStream(period_s, kinematics), publisher)
        self._base_frame, self._kinematics = base_frame, kinematics

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

    def _hold(self, motion: Motion) -> None:
        self._stream.end()
        self._send(motion.trajectory.positions[-1])

    def _send(self, joints_rad: FloatArray) -> None:
        try:
            pose = self._kinematics.tool_pose(joints_rad)
        except KinematicsError as error:
            self._node.get_logger().error(f"no pose sent: {error}")
            self._stream.end()
            return
        stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(tool_pose_to_msg(pose, self._base_frame, stamp))
