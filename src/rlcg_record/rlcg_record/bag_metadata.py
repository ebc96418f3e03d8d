# SPDX-License-Identifier: Apache-2.0
"""metadata.yaml beside the MCAP file, as rosbag2 expects it.

Version 5, the one of Humble, which every later rosbag2 reads too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rlcg_record.sample import Channel

METADATA = "metadata.yaml"
VERSION = 5
# A copy goes to each place: YAML would write the second one as a reference.
_INFINITE = {"sec": 9223372036, "nsec": 854775807}


@dataclass
class Contents:
    """What a bag holds so far: messages by topic, first and last log time [ns]."""

    counts: Counter[str] = field(default_factory=Counter)
    first_ns: int = 0
    last_ns: int = 0

    def note(self, topic: str, log_ns: int) -> None:
        """Count a message."""
        first = not self.counts
        self.counts[topic] += 1
        self.first_ns = log_ns if first else min(self.first_ns, log_ns)
        self.last_ns = max(self.last_ns, log_ns)


def qos_text(reliable: bool, latched: bool) -> str:
    """Return what ``ros2 bag play`` publishes a topic with, in rosbag2's numbers for it."""
    profile = {
        "history": 1,
        "depth": 1 if latched else 10,
        "reliability": 1 if reliable else 2,
        "durability": 1 if latched else 2,
        "deadline": dict(_INFINITE),
        "lifespan": dict(_INFINITE),
        "liveliness": 1,
        "liveliness_lease_duration": dict(_INFINITE),
        "avoid_ros_namespace_conventions": False,
    }
    return str(yaml.safe_dump([profile], sort_keys=False))


def write_metadata(
    folder: Path, file: str, channels: Sequence[Channel], contents: Contents
) -> None:
    """Write metadata.yaml of a bag with one file."""
    topics = [_topic(channel, contents.counts[channel.topic]) for channel in channels]
    count = contents.counts.total()
    information: Mapping[str, Any] = {
        "version": VERSION,
        "storage_identifier": "mcap",
        **_times(contents),
        "message_count": count,
        "topics_with_message_count": topics,
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [file],
        "files": [{"path": file, **_times(contents), "message_count": count}],
    }
    text = yaml.safe_dump({"rosbag2_bagfile_information": dict(information)}, sort_keys=False)
    (folder / METADATA).write_text(text, encoding="utf-8")


def _topic(channel: Channel, count: int) -> dict[str, Any]:
    metadata = {
        "name": channel.topic,
        "type": channel.type_name,
        "serialization_format": "cdr",
        "offered_qos_profiles": channel.qos,
    }
    return {"topic_metadata": metadata, "message_count": count}


def _times(contents: Contents) -> dict[str, Any]:
    duration_ns = contents.last_ns - contents.first_ns
    return {
        "duration": {"nanoseconds": duration_ns},
        "starting_time": {"nanoseconds_since_epoch": contents.first_ns},
    }
