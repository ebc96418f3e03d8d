# SPDX-License-Identifier: Apache-2.0
"""Whether the topics of a node reach the other side: QoS and types that do not fit are an error."""

from typing import Any

from rclpy.node import Node
from rclpy.qos import qos_policy_name_from_kind

from rlcg_core.health import Health, Level
from rlcg_ros.graph import mismatches, own_topics

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble has it elsewhere
    from rclpy.qos_event import SubscriptionEventCallbacks

# Topics of the middleware; who listens to them in vain is not this node's affair.
NOT_OURS = frozenset({"/clock", "/diagnostics", "/parameter_events", "/rosout"})


class Links:
    """Watches the topics that a node publishes and subscribes.

    The middleware tells that a publisher was refused, but not which; the graph names both sides,
    and it alone sees types that differ.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._refused: dict[str, str] = {}

    def events(self, topic: str) -> SubscriptionEventCallbacks:
        """Return the callbacks for a subscription to ``topic``, in place of rclpy's own warning."""

        def refuse(event: Any) -> None:
            self._refused[topic] = qos_policy_name_from_kind(event.last_policy_kind)

        return SubscriptionEventCallbacks(incompatible_qos=refuse)

    def health(self) -> Health:
        """Return an error that names both sides of each pair that does not fit."""
        own = self._node.get_fully_qualified_name()
        topics = sorted(own_topics(self._node) - NOT_OURS)
        pairs = [m for topic in topics for m in mismatches(self._node, topic) if m.involves(own)]
        named = {pair.topic for pair in pairs}
        refused, self._refused = self._refused, {}
        texts = [str(pair) for pair in pairs] + [
            f"{topic}: refused a publisher by its {policy}, which the graph does not name"
            for topic, policy in refused.items()
            if self._node.resolve_topic_name(topic) not in named
        ]
        if not texts:
            return Health(Level.OK, f"{len(topics)} topics, no misfit")
        values = {f"misfit {i + 1}": text for i, text in enumerate(texts)}
        return Health(Level.ERROR, f"nothing passes on {'; '.join(texts)}", values)
