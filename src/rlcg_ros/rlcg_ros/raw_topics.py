# SPDX-License-Identifier: Apache-2.0
"""Subscriptions to whatever stands on given topics, as bytes: type and QoS are the publishers'."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from rlcg_core.errors import ConfigError
from rlcg_ros.clocks import wall_timer
from rlcg_ros.definitions import full_definition, name_parts, read_definition

LOOK_S = 0.25
DEPTH = 100


@dataclass(frozen=True)
class Offer:
    """What the publishers of a topic offer: ``type_name`` as package/msg/Name."""

    topic: str
    type_name: str
    reliable: bool
    latched: bool


# Called with what is offered, the bytes, and the times [ns] of arrival and of publishing.
Take = Callable[[Offer, bytes, int, int], None]


class RawTopics:
    """Subscribes to each topic once it has a publisher, and again when its offer changes.

    A reliable reader never hears a best-effort publisher, so a topic is read reliably only where
    all of its publishers are reliable; the same holds for the message that is latched.
    ``problems`` says which topics cannot be read, and why.
    """

    def __init__(self, node: Node, names: Sequence[str], take: Take) -> None:
        self._node, self._take = node, take
        self._topics = {name: node.resolve_topic_name(name) for name in names}
        self._subscriptions: dict[str, tuple[Offer, Subscription]] = {}
        self.problems: dict[str, str] = {}
        self._timer = wall_timer(node, LOOK_S, self._look)

    @property
    def topics(self) -> Mapping[str, str]:
        """Return the names as given, mapped to the topics that they resolve to."""
        return dict(self._topics)

    @property
    def heard(self) -> list[str]:
        """Return the topics that are subscribed to."""
        return sorted(self._subscriptions)

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_timer(self._timer)
        for _, subscription in self._subscriptions.values():
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()

    def _look(self) -> None:
        for topic in self._topics.values():
            offer = self._offer(topic)
            there = self._subscriptions.get(topic)
            if offer is None or (there is not None and there[0] == offer):
                continue
            if there is not None:
                self._node.destroy_subscription(there[1])
                del self._subscriptions[topic]
            try:
                self._subscriptions[topic] = (offer, self._subscribe(offer))
            except (ConfigError, RuntimeError) as error:  # rclpy's own is a RuntimeError
                self.problems[topic] = str(error)
            else:
                self.problems.pop(topic, None)

    def _offer(self, topic: str) -> Offer | None:
        found = self._node.get_publishers_info_by_topic(topic)
        if not found:
            return None
        profiles = [info.qos_profile for info in found]
        return Offer(
            topic=topic,
            type_name=min(info.topic_type for info in found),
            reliable=all(p.reliability == ReliabilityPolicy.RELIABLE for p in profiles),
            latched=all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in profiles),
        )

    def _subscribe(self, offer: Offer) -> Subscription:
        def take(data: bytes, info: Mapping[str, Any]) -> None:
            self._take(offer, data, info["received_timestamp"], info["source_timestamp"])

        reliability = (
            ReliabilityPolicy.RELIABLE if offer.reliable else ReliabilityPolicy.BEST_EFFORT
        )
        latched, volatile = DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE
        profile = QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=DEPTH,
            reliability=reliability,
            durability=latched if offer.latched else volatile,
        )
        kind = message_class(offer.type_name)
        full_definition(offer.type_name)  # found now, or the topic is not taken
        return self._node.create_subscription(kind, offer.topic, take, profile, raw=True)


def message_class(type_name: str) -> type:
    """Return the class of ``package/msg/Name``; raises `ConfigError` if it is not installed."""
    package, kind, name = name_parts(type_name)
    # The name comes from other participants, and to import a module is to run it: only packages
    # that have such a message are looked into.
    try:
        read_definition(type_name)
        found: type = getattr(importlib.import_module(f"{package}.{kind}"), name)
    except (ImportError, AttributeError, ConfigError):
        raise ConfigError(
            f"message type {type_name} is not installed: install its package or leave out its topic"
        ) from None
    return found
