# SPDX-License-Identifier: Apache-2.0
"""What the gate of a mobile base shows of itself: ``base_status``, /diagnostics, and the log."""

from rclpy.node import Node

from rlcg_core.base_gate import BaseGate
from rlcg_core.reasons import GateState
from rlcg_ros.clocks import now
from rlcg_ros.conversions import stamp_from_s
from rlcg_ros.diagnostics import Diagnostics, Health, Level
from rlcg_ros.links import Links
from rlcg_ros.status_out import StatusOut


class BasePanel:
    """Publishes the gate's state at every change, and its health once a second."""

    def __init__(self, node: Node, gate: BaseGate, links: Links, robot: str) -> None:
        self._node, self._gate, self._robot = node, gate, robot
        self._status = StatusOut(node, "base_status", gate)
        tasks = {"base": self._health, "links": links.health}
        self._diagnostics = Diagnostics(node, robot, tasks)

    def show(self) -> None:
        """Publish the state if it changed, and log a stop."""
        if not self._status.outdated:
            return
        # Of the odometry that it was decided on, where the clock has not come that far yet.
        stamp_s = max(now(self._node).ros_s, self._gate.watch.stamp_s)
        self._status.show(stamp_from_s(stamp_s))

    def close(self) -> None:
        """Show no more."""
        self._diagnostics.close()
        self._status.close()

    def _health(self) -> Health:
        gate = self._gate
        level = Level.ERROR if gate.state is GateState.STOPPED else Level.OK
        values = {"state": gate.state.name, "reason": gate.reason.name, "robot": self._robot}
        return Health(level, gate.text, values)
