# SPDX-License-Identifier: Apache-2.0
"""How a gate's state goes out: a latched GateStatus, and an error in the log at each stop."""

from typing import Protocol

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rlcg_msgs.msg import GateStatus

from rlcg_core.reasons import GateReason, GateState
from rlcg_ros import qos


class Shown(Protocol):
    """What a gate of arm or base tells of itself."""

    state: GateState
    reason: GateReason
    text: str


class StatusOut:
    """Publishes the state of one gate."""

    def __init__(self, node: Node, topic: str, gate: Shown) -> None:
        self._node, self._gate = node, gate
        self._shown: tuple[GateState, GateReason] | None = None
        self._out = node.create_publisher(GateStatus, topic, qos.STATUS)

    @property
    def outdated(self) -> bool:
        """Whether the state is not the one that was shown last."""
        return self._shown != (self._gate.state, self._gate.reason)

    def show(self, stamp: Time) -> None:
        """Publish the state, with the time since when it is so."""
        gate = self._gate
        if gate.state is GateState.STOPPED and self.outdated:
            self._node.get_logger().error(f"stopped: {gate.text}")
        self._shown = (gate.state, gate.reason)
        status = GateStatus(state=int(gate.state), reason=int(gate.reason), text=gate.text)
        status.header.stamp = stamp
        self._out.publish(status)

    def close(self) -> None:
        """Show no more."""
        self._node.destroy_publisher(self._out)
