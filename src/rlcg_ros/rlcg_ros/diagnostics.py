# SPDX-License-Identifier: Apache-2.0
"""/diagnostics of a node, once a second, and at once when a level changes."""

from collections.abc import Callable, Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from rlcg_core.health import Health, Level
from rlcg_ros import qos
from rlcg_ros.clocks import wall_timer

__all__ = ["Diagnostics", "Health", "Level"]

PERIOD_S = 1.0


class Diagnostics:
    """Publishes the health of a node's tasks.

    ``hardware_id`` names what is reported on: a camera's serial, a model's hash, a backend.
    ``tasks`` maps the name of each task to a function that tells its health.
    """

    def __init__(
        self, node: Node, hardware_id: str, tasks: Mapping[str, Callable[[], Health]]
    ) -> None:
        self._node, self.hardware_id, self._tasks = node, hardware_id, dict(tasks)
        self._levels: dict[str, Level] = {}
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        self._timer = wall_timer(node, PERIOD_S, self.publish)

    def publish(self) -> None:
        """Publish the health of all tasks now; changes of level also go to the log."""
        msg = DiagnosticArray()
        msg.header.stamp = self._node.get_clock().now().to_msg()
        for name, task in self._tasks.items():
            health = task()
            self._log_change(name, health)
            msg.status.append(self._status(name, health))
        self._publisher.publish(msg)

    def close(self) -> None:
        """Publish no more."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)

    def _status(self, name: str, health: Health) -> DiagnosticStatus:
        values = [KeyValue(key=str(k), value=str(v)) for k, v in health.values.items()]
        return DiagnosticStatus(
            level=bytes([health.level]),
            name=f"{self._node.get_fully_qualified_name().lstrip('/')}: {name}",
            message=health.message,
            hardware_id=self.hardware_id,
            values=values,
        )

    def _log_change(self, name: str, health: Health) -> None:
        before = self._levels.get(name, Level.OK)
        self._levels[name] = health.level
        if health.level is before:
            return
        logger = self._node.get_logger()
        if health.level is Level.OK:
            logger.info(f"{name}: {health.message}")
        else:
            logger.warning(f"{name}: {health.message}")
