# SPDX-License-Identifier: Apache-2.0
"""What the gate shows of itself: ``gate_status``, /diagnostics, and the log."""

import time
from collections.abc import Mapping

from rclpy.node import Node

from rlcg_core.gate import Gate
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.verdict import Verdict
from rlcg_ros.diagnostics import Diagnostics, Health, Level
from rlcg_ros.links import Links
from rlcg_ros.status_out import StatusOut

# So long after the start it is no news that joint states are still awaited.
GRACE_S = 5.0
_LEVELS = {
    GateState.READY: Level.OK,
    GateState.HOLDING: Level.WARN,
    GateState.STOPPED: Level.ERROR,
    GateState.INACTIVE: Level.WARN,
}


class GatePanel:
    """Publishes the gate's state at every change, and its health once a second."""

    def __init__(self, node: Node, gate: Gate, links: Links, facts: Mapping[str, str]) -> None:
        """``facts`` are shown in the diagnostics: profile, modes, what stops a dead gate."""
        self._node, self._gate, self._facts = node, gate, dict(facts)
        self._begun_s = time.monotonic()
        self._accepted = self._refused = 0
        self._status = StatusOut(node, "gate_status", gate)
        tasks = {"gate": self._health, "links": links.health}
        self._diagnostics = Diagnostics(node, self._facts["profile"], tasks)

    @property
    def outdated(self) -> bool:
        """Whether the state is not the one that was shown last."""
        return self._status.outdated

    def count(self, verdict: Verdict) -> None:
        """Count a verdict on a command."""
        self._accepted += verdict.accepted
        self._refused += not verdict.accepted

    def show(self) -> None:
        """Publish the state."""
        self._status.show(self._node.get_clock().now().to_msg())

    def close(self) -> None:
        """Show no more."""
        self._diagnostics.close()
        self._status.close()

    def _health(self) -> Health:
        gate = self._gate
        values = {
            "state": gate.state.name,
            "reason": gate.reason.name,
            "commands accepted": self._accepted,
            "commands refused": self._refused,
            **self._facts,
        }
        starting = time.monotonic() - self._begun_s < GRACE_S
        waiting = gate.state is GateState.INACTIVE and gate.reason is GateReason.NO_JOINT_STATE
        identity = gate.state is GateState.INACTIVE and gate.reason is GateReason.WRONG_ROBOT
        level = Level.OK if waiting and starting else _LEVELS[gate.state]
        return Health(Level.ERROR if identity else level, gate.text, values)
