# SPDX-License-Identifier: Apache-2.0
"""command_mode joint_positions: set points at a rate, as forward_position_controller takes."""

from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Float64MultiArray

from rlcg_core.motion import Motion
from rlcg_core.step_stream import StepStream
from rlcg_core.types import FloatArray
from rlcg_ros import qos
from rlcg_ros.outputs.streamed_arm import StreamedArm


class PositionsOutput(StreamedArm[StepStream]):
    """`rlcg_core.outputs.ArmOutput` on topic ``joint_positions``, joints in the gate's order."""

    def __init__(self, node: LifecycleNode, period_s: float) -> None:
        publisher = node.create_lifecycle_publisher(
            Float64MultiArray, "joint_positions", qos.COMMAND
        )
        super().__init__(node, period_s, StepStream(period_s), publisher)

    def tick(self, measured_rad: FloatArray, clock_s: float) -> None:
        """Send the set point of now, the last one exactly at the step's end."""
        if self._stream.running:
            self._send(self._stream.advance(clock_s).joints_rad)

    def _hold(self, motion: Motion) -> None:
        self._stream.end()
        self._send(motion.trajectory.positions[-1])

    def _send(self, joints_rad: FloatArray) -> None:
        self._publisher.publish(Float64MultiArray(data=joints_rad.tolist()))
