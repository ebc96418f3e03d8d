# SPDX-License-Identifier: Apache-2.0
"""The input for an emergency stop button or a safety scanner that speaks ROS."""

from rlcg_core.gate_checks import GateError
from rlcg_core.reasons import GateReason


class EmergencyStop:
    """Whether the input allows motion. It adds to the robot's own safety chain, never replaces it.

    ``pressed``: what the newest message says; without any message, not pressed.
    """

    def __init__(self, timeout_s: float) -> None:
        """``timeout_s``: longest silence of the input [wall s]; 0: it need not speak at all."""
        self._timeout_s = timeout_s
        self.pressed = False
        self._heard_s = float("-inf")

    def note(self, pressed: bool, monotonic_s: float) -> None:
        """Take a message."""
        self.pressed, self._heard_s = pressed, monotonic_s

    def check(self, monotonic_s: float) -> None:
        """Raise `GateError` while the button is pressed or its input is silent."""
        if self.pressed:
            raise GateError(
                GateReason.EMERGENCY_STOP,
                "emergency stop is pressed: release it, then call ~/reset_stop",
            )
        silent_s = monotonic_s - self._heard_s
        if self._timeout_s > 0.0 and silent_s > self._timeout_s:
            raise GateError(
                GateReason.EMERGENCY_STOP,
                f"nothing on estop for {silent_s:.2f} s, expected a message every "
                f"{self._timeout_s:g} s: start its source, or remap the topic",
            )
