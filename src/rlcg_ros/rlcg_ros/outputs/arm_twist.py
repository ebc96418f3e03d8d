# SPDX-License-Identifier: Apache-2.0
"""command_mode twist: velocities of the tool at a rate, as moveit_servo takes.

Velocities are in m/s and rad/s: the servo's ``command_in_type`` must be ``speed_units``.
"""

from geometry_msgs.msg import TwistStamped
from rclpy.lifecycle import LifecycleNode

from rlcg_core.errors import KinematicsError
from rlcg_core.limits import GateLimits
from rlcg_core.motion import Motion
from rlcg_core.ports import Kinematics
from rlcg_core.tool_servo import tool_velocity
from rlcg_core.tool_stream import ToolStream
from rlcg_core.types import FloatArray
from rlcg_ros import qos
from rlcg_ros.outputs.streamed_arm import StreamedArm


class TwistOutput(StreamedArm[ToolStream]):
    """`rlcg_core.outputs.ArmOutput` on topic ``target_twist``, in the base frame."""

    def __init__(
        self, node: LifecycleNode, period_s: float, limits: GateLimits, kinematics: Kinematics
    ) -> None:
        publisher = node.create_lifecycle_publisher(TwistStamped, "target_twist", qos.COMMAND)
        super().__init__(node, period_s, ToolStream(period_s, kinematics), publisher)
        self._limits, self._kinematics = limits, kinematics

    def tick(self, measured_rad: FloatArray, clock_s: float) -> None:
        """Send the velocity of now; zero once the tool has arrived, or should have."""
        try:
            point = self._stream.due(measured_rad, clock_s)
            if point is None:
                return
            if point.last:
                self.halt()
                return
            limit_m_s = self._limits.tool_speed_limit_m_s
            velocity = tool_velocity(self._kinematics, point, measured_rad, limit_m_s)
        except KinematicsError as error:
            self._node.get_logger().error(f"step broken off: {error}")
            self.halt()
            return
        self._send(velocity.linear_m_s, velocity.yaw_rad_s)

    def halt(self) -> None:
        """Send a zero twist: it stops the arm wherever it is."""
        self._stream.end()
        self._send((0.0, 0.0, 0.0), 0.0)

    def _hold(self, motion: Motion) -> None:
        self.halt()

    def _send(self, linear_m_s: FloatArray | tuple[float, float, float], yaw_rad_s: float) -> None:
        msg = TwistStamped()
        # The servo drops what is stamped earlier than its timeout, and what names no frame.
        msg.header.stamp = self._node.get_clock().now().to_msg()
        msg.header.frame_id = self._limits.base_frame
        msg.twist.linear.x, msg.twist.linear.y, msg.twist.linear.z = map(float, linear_m_s)
        msg.twist.angular.z = yaw_rad_s
        self._publisher.publish(msg)
