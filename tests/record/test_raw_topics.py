# SPDX-License-Identifier: Apache-2.0
import time
from collections.abc import Iterator
from typing import Any

import pytest
from mcap_ros2.decoder import DecoderFactory
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from ros_bench import RosBench
from std_msgs.msg import Float64, String

from rlcg_core.errors import ConfigError
from rlcg_record.record_parameters import TOPICS
from rlcg_ros import raw_topics
from rlcg_ros.definitions import SEPARATOR, full_definition, parts_of
from rlcg_ros.raw_topics import Offer, RawTopics, message_class

TYPES = (
    "sensor_msgs/msg/Image",
    "sensor_msgs/msg/CameraInfo",
    "sensor_msgs/msg/JointState",
    "trajectory_msgs/msg/JointTrajectory",
    "visualization_msgs/msg/MarkerArray",
    "diagnostic_msgs/msg/DiagnosticArray",
    "rcl_interfaces/msg/Log",
    "rlcg_msgs/msg/Decision",
    "rlcg_msgs/msg/EpisodeResult",
    "rlcg_msgs/msg/GateStatus",
    "rlcg_msgs/msg/GraspCommand",
)


class Listening:
    """A bench that hears ``talk`` as bytes, and another participant that publishes on it."""

    def __init__(self, bench: RosBench, talker: RosBench) -> None:
        self.bench, self.node, self.talker = bench, bench.node, talker.node
        self.came: list[tuple[Offer, bytes, int, int]] = []
        self.topics = RawTopics(self.node, ["talk"], lambda *all: self.came.append(all))

    def publisher(self, kind: type, **qos: Any) -> Publisher:
        return self.talker.create_publisher(kind, "talk", QoSProfile(depth=5, **qos))

    def until_heard(self, publisher: Publisher) -> None:
        self.bench.until(lambda: publisher.get_subscription_count() > 0, "subscription")


@pytest.fixture
def listening() -> Iterator[Listening]:
    with RosBench() as bench, RosBench() as talker:
        yield Listening(bench, talker)


def test_a_message_comes_as_the_bytes_that_were_sent(listening: Listening) -> None:
    publisher = listening.publisher(String)
    listening.until_heard(publisher)
    before_ns = time.time_ns()
    publisher.publish(String(data="hello"))
    listening.bench.until(lambda: bool(listening.came), "message")
    offer, data, arrived_ns, published_ns = listening.came[0]
    assert offer == Offer("/talk", "std_msgs/msg/String", reliable=True, latched=False)
    assert data == serialize_message(String(data="hello"))
    assert deserialize_message(data, String).data == "hello"
    assert before_ns <= published_ns <= arrived_ns <= time.time_ns()
    assert listening.topics.heard == ["/talk"]


def test_a_best_effort_publisher_is_heard_too(listening: Listening) -> None:
    publisher = listening.publisher(String, reliability=ReliabilityPolicy.BEST_EFFORT)
    listening.until_heard(publisher)
    listening.bench.until(lambda: _publish(publisher, listening), "message")
    assert not listening.came[0][0].reliable


def _publish(publisher: Publisher, listening: Listening) -> bool:
    publisher.publish(String(data="x"))
    return bool(listening.came)


def test_what_is_latched_is_heard_by_who_comes_late(listening: Listening) -> None:
    publisher = listening.publisher(String, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher.publish(String(data="before"))
    listening.bench.until(lambda: bool(listening.came), "latched message")
    assert listening.came[0][0].latched


def test_a_topic_that_comes_back_with_another_offer_is_taken_again(listening: Listening) -> None:
    first = listening.publisher(String)
    listening.until_heard(first)
    listening.talker.destroy_publisher(first)
    second = listening.publisher(String, reliability=ReliabilityPolicy.BEST_EFFORT)
    listening.until_heard(second)
    listening.bench.until(lambda: _publish(second, listening), "message")
    listening.talker.destroy_publisher(second)
    # A participant keeps to one type per topic, so another one offers the other type.
    with RosBench() as stranger:
        third = stranger.node.create_publisher(Float64, "talk", 5)
        listening.until_heard(third)
        third.publish(Float64(data=1.5))
        listening.bench.until(
            lambda: listening.came[-1][0].type_name == "std_msgs/msg/Float64", "the other type"
        )


def test_a_type_that_is_not_installed_is_told_and_the_rest_goes_on(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(type_name: str) -> type:
        raise ConfigError(f"message type {type_name} is not installed")

    monkeypatch.setattr(raw_topics, "message_class", missing)
    listening.publisher(String)
    listening.bench.until(lambda: bool(listening.topics.problems), "problem")
    assert "is not installed" in listening.topics.problems["/talk"]
    monkeypatch.undo()
    listening.bench.until(lambda: listening.topics.heard == ["/talk"], "subscription")
    assert listening.topics.problems == {}


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(ConfigError, match="no_msgs/msg/Nothing is not installed"):
        message_class("no_msgs/msg/Nothing")
    with pytest.raises(ConfigError, match="definition of no_msgs/msg/Nothing"):
        full_definition("no_msgs/msg/Nothing")


@pytest.mark.parametrize("type_name", TYPES)
def test_every_recorded_type_is_decoded_by_its_definition_alone(type_name: str) -> None:
    from mcap.records import Schema

    definition = full_definition(type_name)
    schema = Schema(id=1, name=type_name, encoding="ros2msg", data=definition.encode())
    decode = DecoderFactory().decoder_for("cdr", schema)
    assert decode is not None
    message = message_class(type_name)()
    decoded = decode(serialize_message(message))
    for name in message.get_fields_and_field_types():
        assert hasattr(decoded, name)


def test_a_definition_has_each_part_once_after_its_owner() -> None:
    texts = {
        "a/msg/A": "B b  # first\na/B[<=3] more\nstring<=5 name\nint32 X=3\nc/C[] c\n",
        "a/msg/B": "c/C c\nbool flag\n",
        "c/msg/C": "float64[9] k\n",
    }
    assert parts_of(texts["a/msg/A"], "a/msg/A") == ["a/msg/B", "a/msg/B", "c/msg/C"]
    definition = full_definition("a/msg/A", texts.__getitem__)
    assert definition.split(SEPARATOR + "\n") == [
        texts["a/msg/A"] + "\n",
        "MSG: a/B\n" + texts["a/msg/B"] + "\n",
        "MSG: c/C\n" + texts["c/msg/C"],
    ]


def test_the_default_topics_are_valid_names(listening: Listening) -> None:
    node: Node = listening.node
    assert len({node.resolve_topic_name(name) for name in TOPICS}) == len(TOPICS)
