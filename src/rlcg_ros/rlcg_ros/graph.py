# SPDX-License-Identifier: Apache-2.0
"""The live graph: publishers and subscriptions of topics, and those that cannot hear each other."""

from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
    qos_check_compatible,
)
from rclpy.topic_endpoint_info import TopicEndpointInfo

from rlcg_core.connections import Endpoint, Mismatch

UNKNOWN = "_NODE_NAME_UNKNOWN_"
_RELIABILITY = {
    ReliabilityPolicy.RELIABLE: "reliable",
    ReliabilityPolicy.BEST_EFFORT: "best effort",
}
_DURABILITY = {
    DurabilityPolicy.VOLATILE: "volatile",
    DurabilityPolicy.TRANSIENT_LOCAL: "transient local",
}


def full_name(name: str, namespace: str) -> str:
    """Return the full name of a node."""
    return f"{namespace.rstrip('/')}/{name}"


def endpoints(node: Node, topic: str) -> list[Endpoint]:
    """Return publishers, then subscriptions, of a topic given by its full name."""
    return [_endpoint(topic, info, publishes) for info, publishes in _infos(node, topic)]


def mismatches(node: Node, topic: str) -> list[Mismatch]:
    """Return each publisher and subscription of a topic between which nothing passes."""
    infos = _infos(node, topic)
    publishers = [info for info, publishes in infos if publishes]
    subscriptions = [info for info, publishes in infos if not publishes]
    found = []
    for publisher in publishers:
        for subscription in subscriptions:
            reason = _reason(publisher, subscription)
            if reason:
                sides = _endpoint(topic, publisher, True), _endpoint(topic, subscription, False)
                found.append(Mismatch(*sides, reason))
    return found


def own_topics(node: Node) -> set[str]:
    """Return the full names of the topics that a node publishes or subscribes."""
    return {one.topic_name for one in (*node.publishers, *node.subscriptions)}


def _infos(node: Node, topic: str) -> list[tuple[TopicEndpointInfo, bool]]:
    publishers = node.get_publishers_info_by_topic(topic)
    subscriptions = node.get_subscriptions_info_by_topic(topic)
    return [*((info, True) for info in publishers), *((info, False) for info in subscriptions)]


def _endpoint(topic: str, info: TopicEndpointInfo, publishes: bool) -> Endpoint:
    known = info.node_name and info.node_name != UNKNOWN
    node = full_name(info.node_name, info.node_namespace) if known else "a node without a name"
    return Endpoint(topic, info.topic_type, node, publishes, _quality(info.qos_profile))


def _quality(profile: QoSProfile) -> str:
    parts = [
        _RELIABILITY.get(profile.reliability, "of unknown reliability"),
        _DURABILITY.get(profile.durability, "of unknown durability"),
    ]
    deadline_s = 1e-9 * profile.deadline.nanoseconds
    if 0.0 < deadline_s < 1e9:  # else it is infinite: none
        parts.append(f"deadline {deadline_s:g} s")
    return ", ".join(parts)


def _reason(publisher: TopicEndpointInfo, subscription: TopicEndpointInfo) -> str:
    """Return why nothing passes between the two, empty if all does."""
    if publisher.topic_type != subscription.topic_type:
        return "two types"
    fits, text = qos_check_compatible(publisher.qos_profile, subscription.qos_profile)
    if fits != QoSCompatibility.ERROR:
        return ""
    told = [part.removeprefix("ERROR: ").strip() for part in text.split(";") if "ERROR: " in part]
    return ", ".join(told).lower() or "incompatible QoS"
