# SPDX-License-Identifier: Apache-2.0
"""The output ports: how what the gate let pass reaches the drivers of arm and gripper.

An output adds nothing and checks nothing: limits and states were checked before, the same for all.
"""

from typing import Protocol

from rlcg_core.motion import Motion
from rlcg_core.types import FloatArray

# Parameter command_mode -> what goes out.
COMMAND_MODES = ("joint_trajectory", "joint_positions", "twist", "pose")
# Parameter gripper_mode -> what goes out.
GRIPPER_MODES = (
    "joint_trajectory",
    "joint_positions",
    "gripper_command",
    "parallel_gripper_command",
)


class ArmOutput(Protocol):
    """One way of commanding an arm.

    ``period_s``: how often `tick` must be called while a step is carried out; 0 for an output that
    leaves this to the robot's controller. Times are of the clock that motions are counted in.
    """

    period_s: float

    def move(self, motion: Motion, measured_rad: FloatArray, clock_s: float) -> None:
        """Begin to carry out a motion from joints ``measured_rad`` (n,); a hold acts at once."""

    def tick(self, measured_rad: FloatArray, clock_s: float) -> None:
        """Send what is due now."""

    def halt(self) -> None:
        """Cease: nothing fresh is known of where the arm is, so a hold has no pose to hold."""

    def flush(self, timeout_s: float) -> None:
        """Wait until what was sent is acknowledged."""

    def close(self) -> None:
        """Release the connection."""


class GripperOutput(Protocol):
    """One way of commanding a parallel jaw."""

    def check_ready(self) -> None:
        """Raise `GateError` if there is nobody to command, where that can be told."""

    def move(self, opening_m: float, duration_s: float) -> None:
        """Drive the jaw to ``opening_m`` within about ``duration_s``."""

    def flush(self, timeout_s: float) -> None:
        """Wait until what was sent is acknowledged."""

    def close(self) -> None:
        """Release the connection."""
