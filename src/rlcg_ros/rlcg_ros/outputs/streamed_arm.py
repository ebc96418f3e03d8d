# SPDX-License-Identifier: Apache-2.0
"""What the outputs that send set points at a rate have in common."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher

from rlcg_core.motion import Motion
from rlcg_core.step_stream import StepStream
from rlcg_core.tool_stream import ToolStream
from rlcg_core.types import FloatArray

Stream = TypeVar("Stream", StepStream, ToolStream)


class StreamedArm(ABC, Generic[Stream]):
    """The part of `rlcg_core.outputs.ArmOutput` that does not depend on what is sent."""

    def __init__(
        self,
        node: LifecycleNode,
        period_s: float,
        stream: Stream,
        publisher: LifecyclePublisher,
    ) -> None:
        self.period_s = period_s
        self._node, self._publisher = node, publisher
        self._stream: Stream = stream

    def move(self, motion: Motion, measured_rad: FloatArray, clock_s: float) -> None:
        """Begin the step; a hold is sent at once."""
        if motion.is_hold:
            self._hold(motion)
        else:
            self._stream.begin(motion.trajectory, measured_rad, clock_s)

    @abstractmethod
    def tick(self, measured_rad: FloatArray, clock_s: float) -> None:
        """Send what is due now."""

    def halt(self) -> None:
        """Send no more: the controller holds the last set point, or stops by its own timeout."""
        self._stream.end()

    def flush(self, timeout_s: float) -> None:
        """Wait until the controller has what was sent last."""
        self._publisher.wait_for_all_acked(Duration(seconds=timeout_s))

    def close(self) -> None:
        """Stop publishing."""
        self._node.destroy_publisher(self._publisher)

    @abstractmethod
    def _hold(self, motion: Motion) -> None:
        """Send, once, what keeps the arm where it is."""
