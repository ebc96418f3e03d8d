# SPDX-License-Identifier: Apache-2.0
"""command_mode joint_positions: set points at a rate, as forward_position_controller takes."""

from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Float64MultiArray

from rlcg_core.motion import Motion
from rlcg_core.step_stream import StepStream
from rlcg_core.types import FloatArray
from rlcg_ros import qos


class PositionsOutput:
    """`rlcg_core.outputs.ArmOutput` on topic ``joint_positions``, joints in the gate's order."""

    def __init__(self, node: LifecycleNode, period_s: float) -> None:
        self.period_s = period_s
        self._node, self._stream = node, StepStream(period_s)
        self._publisher = node.create_lifecycle_publisher(
            Float64MultiArray, "joint_positions", qos.COMMAND
        )

    def move(self, motion: Motion, measured_rad: FloatArray, clock_s: float) -> None:
        """Begin the step; a hold is one set point, where the arm is."""
        if motion.is_hold:
            self._stream.end()
            self._send(motion.trajectory.positions[-1])
        else:
            self._stream.begin(motion.trajectory, measured_rad, clock_s)

    def tick(self, measured_rad: FloatArray, clock_s: float) -> None:
        """Send the set point of now, the last one exactly at the step's end."""
        if self._stream.running:
            self._send(self._stream.advance(clock_s).joints_rad)

    def halt(self) -> None:
        """Send no more: the controller holds the last set point."""
        self._stream.end()

    def flush(self, timeout_s: float) -> None:
        """Wait until the controller has the last set point."""
        self._publisher.wait_for_all_acked(Duration(seconds=timeout_s))

    def close(self) -> None:
        """Stop publishing."""
        self._node.destroy_publisher(self._publisher)

    def _send(self, joints_rad: FloatArray) -> None:
        self._publisher.publish(Float64MultiArray(data=joints_rad.tolist()))
