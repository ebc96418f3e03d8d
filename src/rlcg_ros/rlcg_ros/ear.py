# SPDX-License-Identifier: Apache-2.0
"""Listens to what cameras, drivers and nodes publish, and keeps evidence of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rlcg_msgs.msg import GateStatus
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState

from rlcg_core.errors import InputError
from rlcg_core.evidence import Heard, Stream
from rlcg_core.health import Health, Level
from rlcg_core.reasons import GateState
from rlcg_core.types import FloatArray
from rlcg_ros import qos
from rlcg_ros.conversions import (
    camera_from_info,
    compressed_from_msg,
    image_from_msg,
    joints_from_msg,
    stamp_to_s,
)
from rlcg_ros.conversions.compressed import Decoder
from rlcg_ros.model_info import ModelWatch


@dataclass(frozen=True)
class Topics:
    """Full names of what is listened to; ``decode`` is needed where pictures come compressed."""

    images: str
    infos: str
    joints: str
    gate: str
    policy_node: str
    decode: Decoder | None = None


class Ear:
    """Subscribes; `heard` gives what came."""

    def __init__(self, node: Node, topics: Topics) -> None:
        self._node, self._topics = node, topics
        self._heard = Heard(
            images=Stream(topics.images),
            infos=Stream(topics.infos),
            joints=Stream(topics.joints),
            clock=Stream("/clock"),
        )
        self._newest: dict[str, Any] = {}
        self._clock_s = float("nan")
        self._tasks: dict[str, Health] = {}
        self._model = ModelWatch(node, topics.policy_node)
        picture = Image if topics.decode is None else CompressedImage
        self._stamped(picture, self._heard.images, qos.IMAGE_READ)
        self._stamped(CameraInfo, self._heard.infos, qos.IMAGE_READ)
        self._stamped(JointState, self._heard.joints, qos.JOINT_STATES_READ, self._take_joints)
        node.create_subscription(Clock, "/clock", self._take_clock, qos.IMAGE_READ)
        node.create_subscription(
            DiagnosticArray, "/diagnostics", self._take_health, qos.DIAGNOSTICS
        )
        node.create_subscription(GateStatus, topics.gate, self._take_gate, qos.STATUS)

    def heard(self, transform_camera_to_base: FloatArray) -> Heard:
        """Return what came; the camera's pose (4, 4) is not in its messages."""
        heard = self._heard
        self._read(heard.images.topic, self._read_picture)
        self._read(
            heard.infos.topic,
            lambda msg: setattr(heard, "camera", camera_from_info(msg, transform_camera_to_base)),
        )
        heard.tasks, heard.digest = len(self._tasks), self._model.digest
        heard.alarms = {n: h for n, h in self._tasks.items() if h.level is not Level.OK}
        return heard

    def _stamped(
        self, kind: type, stream: Stream, profile: Any, then: Callable[[Any], None] | None = None
    ) -> None:
        def take(msg: Any) -> None:
            stream.arrivals_s.append(time.time())
            stream.stamps_s.append(stamp_to_s(msg.header.stamp))
            stream.clock_s.append(self._clock_s)
            self._newest[stream.topic] = msg
            if then is not None:
                then(msg)

        self._node.create_subscription(kind, stream.topic, take, profile)

    def _read(self, topic: str, read: Callable[[Any], None]) -> None:
        """Read the newest message of a topic; keep why it cannot be used."""
        if topic in self._newest:
            try:
                read(self._newest[topic])
            except InputError as error:
                self._heard.problems[topic] = f"{topic}: {error}"

    def _read_picture(self, msg: Any) -> None:
        decode = self._topics.decode
        self._heard.picture_bytes = len(msg.data)
        image_hwc = image_from_msg(msg) if decode is None else compressed_from_msg(msg, decode)
        self._heard.picture = image_hwc.shape[0], image_hwc.shape[1]

    def _take_joints(self, msg: JointState) -> None:
        topic = self._heard.joints.topic
        try:
            self._heard.samples.append(joints_from_msg(msg))
        except InputError as error:
            self._heard.problems[topic] = f"{topic}: {error}"

    def _take_clock(self, msg: Clock) -> None:
        self._clock_s = stamp_to_s(msg.clock)
        self._heard.clock.arrivals_s.append(time.time())
        self._heard.clock.stamps_s.append(self._clock_s)

    def _take_health(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            level = Level(min(status.level[0], Level.STALE))
            self._tasks[status.name] = Health(level, status.message)

    def _take_gate(self, msg: GateStatus) -> None:
        self._heard.gate, self._heard.gate_text = GateState(msg.state), msg.text
