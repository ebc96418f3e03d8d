# SPDX-License-Identifier: Apache-2.0
"""record_node: a bag per episode, and one around each fault, in a process of its own.

Messages are written as they came over the wire. The control loop never waits for the recorder: it
only subscribes, and what the disk cannot take is dropped and counted in /diagnostics.
"""

import os
import shutil
import struct
import sys
import time
from pathlib import Path

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rlcg_msgs.msg import Decision, EpisodeResult, GateStatus
from std_srvs.srv import Trigger

from rlcg_core.errors import ConfigError
from rlcg_core.reasons import GateReason, GateState, TerminationReason
from rlcg_policy.provenance import source_commit
from rlcg_record.bag import Bag
from rlcg_record.bag_keeper import BagKeeper, Provenance
from rlcg_record.bag_metadata import qos_text
from rlcg_record.bounded_queue import BoundedQueue
from rlcg_record.record_parameters import MB, RecordParameters
from rlcg_record.recorder import Recorder
from rlcg_record.ring import Ring
from rlcg_record.sample import (
    Channel,
    Decided,
    Ended,
    Event,
    GateNews,
    Item,
    Judged,
    Sample,
    Wished,
)
from rlcg_ros.definitions import full_definition
from rlcg_ros.diagnostics import Diagnostics, Health, Level
from rlcg_ros.parameter_reader import ParameterReader
from rlcg_ros.parameters import declare
from rlcg_ros.raw_topics import Offer, RawTopics
from rlcg_ros.run import run

PICTURES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
EPISODE_RESULT = "rlcg_msgs/msg/EpisodeResult"


class RecordNode(Node):  # type: ignore[misc]  # rclpy has no types
    """The recorder as a node; it only listens."""

    def __init__(self) -> None:
        super().__init__("record_node")
        self._settings = declare(self, RecordParameters)
        self._folder = writable(Path(self._settings.bag_directory).expanduser())
        self._channels: dict[Offer, Channel] = {}
        ring = Ring(self._settings.ring_s, self._settings.ring_mb * MB)
        queue = BoundedQueue(self._settings.queue_mb * MB)
        self._commit = source_commit()
        self._reader = ParameterReader(self, self._settings.nodes)
        self._recorder = Recorder(self._keeper, ring, queue)
        self._topics = RawTopics(self, self._settings.topics, self._take)
        self._dump = self.create_service(Trigger, "~/dump", self._on_dump)
        self._diagnostics = Diagnostics(self, "none", {"recording": self._health})

    def before_exit(self) -> None:
        """Complete the bags."""
        self._topics.close()
        self._recorder.close()

    def _keeper(self, ring: Ring) -> BagKeeper:
        folder, compression = self._folder, self._settings.compression
        return BagKeeper(
            make_bag=lambda name: Bag(folder / name, compression),
            ring_since=ring.since,
            free_bytes=lambda: shutil.disk_usage(folder).free,
            provenance=self._provenance,
            limits=self._settings.limits,
            robot=self._settings.robot,
        )

    def _provenance(self) -> Provenance:
        names = {topic: name for name, topic in self._topics.topics.items()}
        about = {"robot": self._settings.robot, "git": self._commit, "host": os.uname().nodename}
        return {"rlcg": about, "rlcg_topics": names, **self._reader.known}

    def _take(self, offer: Offer, data: bytes, arrived_ns: int, published_ns: int) -> None:
        channel = self._channels.get(offer) or self._new_channel(offer)
        stamp_ns = cdr_stamp_ns(data) if channel.bulky else 0
        sample = Sample(channel, data, arrived_ns, published_ns, time.monotonic(), stamp_ns)
        self._recorder.put(Item(sample, event_of(channel.type_name, data)))

    def _new_channel(self, offer: Offer) -> Channel:
        channel = Channel(
            topic=offer.topic,
            type_name=offer.type_name,
            definition=full_definition(offer.type_name),
            qos=qos_text(offer.reliable, offer.latched),
            bulky=offer.type_name in PICTURES,
            # Some cameras publish it once, others with every picture.
            kept=offer.latched or offer.type_name == CAMERA_INFO,
            late=offer.type_name == EPISODE_RESULT,
        )
        self._channels[offer] = channel
        return channel

    def _on_dump(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._recorder.put(Item(None, Wished()))
        response.message = f"to {self._folder}" if response.success else "the queue is full"
        return response

    def _health(self) -> Health:
        status = self._recorder.status
        bags, dropped = status.bags, status.dropped
        values = {
            "open": ", ".join(bags.open_names),
            "closed": bags.closed,
            "faults": bags.faults,
            "last": bags.last or "",
            "messages": bags.messages,
            "peak_queue_mb": f"{status.peak_bytes / MB:.1f}",
            "topics": ", ".join(self._topics.heard),
            **{f"dropped {topic}": count for topic, count in dropped.items()},
            **{f"not recorded {topic}": text for topic, text in self._topics.problems.items()},
        }
        if status.defect or bags.failure:
            return Health(Level.ERROR, status.defect or bags.failure, values)
        if dropped:
            text = f"{sum(dropped.values())} messages dropped, the disk is too slow for them"
            return Health(Level.WARN, text, values)
        if self._topics.problems:
            return Health(Level.WARN, f"not recorded: {', '.join(self._topics.problems)}", values)
        return Health(Level.OK, "recording" if bags.open_names else "waiting", values)


def writable(folder: Path) -> Path:
    """Return the folder, made if it was not there; raises `ConfigError` if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"bag_directory {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"bag_directory {folder} cannot be written: choose another")
    return folder


def cdr_stamp_ns(data: bytes) -> int:
    """Return the stamp of a serialized message that begins with a header."""
    little_endian = data[1] & 1
    seconds, nanoseconds = struct.unpack_from("<iI" if little_endian else ">iI", data, 4)
    return int(seconds * 1_000_000_000 + nanoseconds)


def event_of(type_name: str, data: bytes) -> Event | None:
    """Return the event that a serialized message tells of, None for most."""
    if type_name == "rlcg_msgs/msg/Decision":
        return Decided(deserialize_message(data, Decision).episode_id, cdr_stamp_ns(data))
    if type_name == "rlcg_msgs/msg/GateStatus":
        gate = deserialize_message(data, GateStatus)
        return GateNews(gate.state == GateState.STOPPED, GateReason(gate.reason).name)
    if type_name == EPISODE_RESULT:
        result = deserialize_message(data, EpisodeResult)
        reason = TerminationReason(result.termination_reason)
        fault = reason.name if reason.is_fault else ""
        return Judged() if result.judge else Ended(result.episode_id, fault)
    return None


def main() -> None:
    """Run the node."""
    sys.exit(run(RecordNode))


if __name__ == "__main__":
    main()
