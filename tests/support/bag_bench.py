# SPDX-License-Identifier: Apache-2.0
"""Serialized messages and a recorder with injected disk and time, for tests without a network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from rlcg_record.bag import Bag, OpenFile, open_file
from rlcg_record.bag_keeper import BagKeeper
from rlcg_record.bag_metadata import qos_text
from rlcg_record.open_bag import KeepLimits
from rlcg_record.reader import BagReader
from rlcg_record.ring import Ring
from rlcg_record.sample import Channel, Event, GateNews, Item, Sample
from rlcg_ros.conversions import image_to_msg
from rlcg_ros.definitions import full_definition

RELIABLE = qos_text(reliable=True, latched=False)


def channel(topic: str, type_name: str, **flags: bool) -> Channel:
    return Channel(topic, type_name, full_definition(type_name), RELIABLE, **flags)


JOINTS = channel("/joint_states", "sensor_msgs/msg/JointState")
IMAGES = channel("/image_raw", "sensor_msgs/msg/Image", bulky=True)
INFO = channel("/camera_info", "sensor_msgs/msg/CameraInfo", kept=True)
RESULTS = channel("/episode_result", "rlcg_msgs/msg/EpisodeResult", late=True)
START_NS = 1_700_000_000_000_000_000
STOP = GateNews(stopped=True, reason="DEADMAN")


def joint_state(at_s: float) -> Sample:
    """Return a joint state that says when it was made."""
    return sample(JOINTS, JointState(name=["a"], position=[at_s]), at_s)


def picture(at_s: float, size: int = 8) -> Sample:
    """Return a picture of size x size pixels, stamped with when it was made."""
    pixels = np.full((size, size, 3), int(at_s * 10) % 256, np.uint8)
    return sample(IMAGES, image_to_msg(pixels, at_s, "camera"), at_s, round(at_s * 1e9))


def sample(where: Channel, message: Any, at_s: float, stamp_ns: int = 0) -> Sample:
    log_ns = START_NS + round(at_s * 1e9)
    return Sample(where, serialize_message(message), log_ns, log_ns - 1000, at_s, stamp_ns)


class KeeperBench:
    """A keeper with its ring, fed by the test; ``now_s`` is the test's clock."""

    def __init__(
        self,
        folder: Path,
        ring_s: float = 5.0,
        opener: OpenFile = open_file,
        robot: str = "",
        **limits: Any,
    ) -> None:
        self.folder, self.now_s, self.free = folder, 0.0, 10**12
        self.ring = Ring(ring_s, 10**9)
        self.keeper = BagKeeper(
            make_bag=lambda name: Bag(folder / name, "zstd", opener),
            ring_since=self.ring.since,
            free_bytes=lambda: self.free,
            provenance=lambda: {"rlcg": {"robot": "bench"}},
            limits=KeepLimits(**{"min_free_bytes": 1000, **limits}),
            robot=robot,
        )

    def give(self, what: Sample | None, event: Event | None = None) -> None:
        if what is not None:
            self.ring.add(what)
        self.keeper.handle(Item(what, event), self.now_s)

    def run(self, until_s: float, each: Callable[[float], Sample] = joint_state) -> None:
        """Let time pass: a sample each 0.1 s, a tick each second."""
        while self.now_s < until_s - 1e-9:
            self.now_s = round(self.now_s + 0.1, 3)
            self.give(each(self.now_s))
            if round(self.now_s * 10) % 10 == 0:
                self.keeper.tick(self.now_s)

    def bags(self, kind: str = "") -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.name.startswith(kind))


def times(bag: Path, name: str = "joint_states") -> list[float]:
    """Return when the joint states in a bag were made."""
    return [round(msg.position[0], 3) for _, msg in BagReader(bag).messages([name])]
