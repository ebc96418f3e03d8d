# SPDX-License-Identifier: Apache-2.0
"""The recorder beside the faults, and whether its bags hold all that was heard."""

import itertools
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticStatus
from ros_bench import START_S

from rlcg_record.reader import BagReader

if TYPE_CHECKING:
    from cell_bench import CellBench

# (monotonic time, message), oldest first.
Heard = Sequence[tuple[float, Any]]

COMPARED = ("grasp_command", "gate/joint_trajectory", "gate/gate_status")
HEARD_BY_IT = {*(f"/{topic}" for topic in COMPARED), "/image_raw", "/robot/joint_states"}
TOO_LARGE = "File too large"
# By so much may the recorder be matched later than we with a node that was started just now; what
# is published meanwhile it cannot hear.
MATCH_S = 1.0


@dataclass(frozen=True)
class Lost:
    """How many messages were heard, and how many of them are in no bag."""

    heard: int
    missing: int
    topics: tuple[str, ...]

    @property
    def text(self) -> str:
        """Say it in words."""
        where = f" ({', '.join(self.topics)})" if self.topics else ""
        return f"{self.heard} commands, trajectories, stops heard, {self.missing} in no bag{where}"


class Recording:
    """A record_node; bags lie in ``folder``."""

    def __init__(self, cell: "CellBench", folder: Path, **changed: object) -> None:
        """Start it and wait until it hears everything."""
        self.folder, self._cell = folder, cell
        self.process = cell.start_recorder(folder, **changed)
        cell.until(self._listening, "recorder that hears all", START_S)

    def _listening(self) -> bool:
        topics = self.values().get("topics", "")
        return {topic.strip() for topic in topics.split(",")} >= HEARD_BY_IT

    def status(self) -> DiagnosticStatus | None:
        """Return the newest health of the recorder."""
        for _, array in reversed(self._cell.heard["/diagnostics"]):
            for status in array.status:
                if status.name == "record_node: recording" and self.process.running:
                    return status
        return None

    def values(self) -> dict[str, str]:
        status = self.status()
        return {} if status is None else {item.key: item.value for item in status.values}

    def limit_files(self, size: int) -> None:
        """Let the kernel refuse every byte of a file beyond a size, as a full disk does."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, size))

    def count(self) -> int:
        """Return how many messages can be read."""
        return sum(1 for bag in self.folder.iterdir() for _ in BagReader(bag).stored())

    def lost(self, cell: "CellBench") -> Lost:
        """End the recorder and compare its bags with what was heard."""
        self.process.end()
        stored = {
            (topic, _key(topic, message))
            for bag in self.folder.iterdir()
            for topic in COMPARED
            for _, message in BagReader(bag).messages([topic])
        }
        heard = [
            (topic, _key(topic, message))
            for topic in COMPARED
            for message in _told(topic, _matched(cell.heard[topic], cell.started_s))
        ]
        missing = [topic for topic, key in heard if (topic, key) not in stored]
        return Lost(len(heard), len(missing), tuple(sorted(set(missing))))


def _matched(heard: Heard, started_s: Sequence[float]) -> list[Any]:
    """Return the messages without those that a node just started sent before all were matched."""
    firsts_s = [next((at_s for at_s, _ in heard if at_s >= begun), inf) for begun in started_s]
    return [
        message
        for at_s, message in heard
        if not any(first_s <= at_s < first_s + MATCH_S for first_s in firsts_s)
    ]


def _told(topic: str, messages: list[Any]) -> list[Any]:
    """Return what must be in a bag: of the gate's states those that tell of a new stop."""
    if topic != "gate/gate_status":
        return messages
    pairs = itertools.pairwise(messages)
    return [now for before, now in pairs if now.state == now.STOPPED != before.state]


def _key(topic: str, message: Any) -> tuple[object, ...]:
    """Return what tells a message from others of its topic."""
    if topic == "grasp_command":
        return message.episode_id, message.step
    if topic == "gate/joint_trajectory":
        return tuple(message.points[-1].positions)
    return message.header.stamp.sec, message.header.stamp.nanosec, message.reason
