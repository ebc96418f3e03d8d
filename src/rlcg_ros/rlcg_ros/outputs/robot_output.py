# SPDX-License-Identifier: Apache-2.0
"""Arm and gripper as one: what the gate decides goes to both, and set points at their rate."""

from rclpy.node import Node

from rlcg_core.gate import Gate
from rlcg_core.motion import Motion
from rlcg_core.outputs import ArmOutput, GripperOutput
from rlcg_core.reasons import GateState
from rlcg_core.verdict import Verdict
from rlcg_ros.clocks import now, wall_timer


class RobotOutput:
    """Carries out the verdicts of a gate."""

    def __init__(self, node: Node, gate: Gate, arm: ArmOutput, jaw: GripperOutput) -> None:
        self._node, self._gate, self._arm, self._jaw = node, gate, arm, jaw
        streams = arm.period_s > 0.0
        self._timer = wall_timer(node, arm.period_s, self._tick) if streams else None

    def check_ready(self) -> None:
        """Raise `GateError` if the gripper has nobody to command it by."""
        self._jaw.check_ready()

    def carry_out(self, verdict: Verdict) -> None:
        """Send what the verdict says to arm and jaw; cease where it says nothing and no go."""
        if verdict.motion is not None:
            self._jaw.move(verdict.motion.opening_m, verdict.motion.opening_duration_s)
            self.move_arm(verdict.motion)
        elif self._gate.state is not GateState.READY:
            self._arm.halt()

    def move_arm(self, motion: Motion) -> None:
        """Send a motion to the arm alone."""
        clock_s = self._gate.deadman.clock_s(now(self._node))
        self._arm.move(motion, self._gate.senses.newest_rad, clock_s)

    def flush(self, timeout_s: float) -> None:
        """Wait until the drivers have the last messages."""
        self._jaw.flush(timeout_s)
        self._arm.flush(timeout_s)

    def close(self) -> None:
        """Release the connections."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        self._jaw.close()
        self._arm.close()

    def _tick(self) -> None:
        if self._gate.state is GateState.READY:
            clock_s = self._gate.deadman.clock_s(now(self._node))
            self._arm.tick(self._gate.senses.newest_rad, clock_s)
