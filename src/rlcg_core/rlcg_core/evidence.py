# SPDX-License-Identifier: Apache-2.0
"""What was seen and heard of the running graph, free of ROS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rlcg_core.camera import CameraModel
from rlcg_core.connections import Endpoint, Mismatch
from rlcg_core.health import Health
from rlcg_core.reasons import GateState
from rlcg_core.types import FloatArray, JointSample


@dataclass(frozen=True)
class Graph:
    """Nodes by their full names, topics, and what nodes say of their parameters and state.

    ``parameters``: per node that answered, values by name. ``states``: label of the lifecycle.
    """

    nodes: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    mismatches: tuple[Mismatch, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)

    def runs(self, node: str) -> bool:
        """Whether a node of this full name is there."""
        return node in self.nodes

    def sides(self, topic: str, publishes: bool) -> tuple[Endpoint, ...]:
        """Return the publishers, or the subscriptions, of a topic."""
        return tuple(e for e in self.endpoints if e.topic == topic and e.publishes == publishes)

    def asked(self, node: str, name: str, default: Any) -> Any:
        """Return a node's parameter, or the default where it does not run or did not answer."""
        return self.parameters.get(node, {}).get(name, default)


@dataclass
class Stream:
    """The messages of one topic that were heard.

    Times in order of arrival [s]: ``arrivals_s`` on the system clock, ``stamps_s`` as the messages
    say, ``clock_s`` what the time was then by /clock, NaN where none had come.
    """

    topic: str
    arrivals_s: list[float] = field(default_factory=list)
    stamps_s: list[float] = field(default_factory=list)
    clock_s: list[float] = field(default_factory=list)

    @property
    def rate_hz(self) -> float:
        """Return messages per second, 0 for fewer than two."""
        if len(self.arrivals_s) < 2:
            return 0.0
        return (len(self.arrivals_s) - 1) / max(1e-9, self.arrivals_s[-1] - self.arrivals_s[0])

    @property
    def longest_gap_s(self) -> float:
        """Return the longest time between two messages, infinity for fewer than two."""
        return float(np.max(np.diff(self.arrivals_s))) if len(self.arrivals_s) > 1 else float("inf")

    def ages_s(self, simulated: bool) -> FloatArray:
        """Return the age of each message at its arrival, by /clock or the system clock."""
        now_s = self.clock_s if simulated else self.arrivals_s
        ages_s = np.array(now_s, dtype=np.float64) - np.array(self.stamps_s, dtype=np.float64)
        return np.asarray(ages_s[np.isfinite(ages_s)])


@dataclass
class Heard:
    """What came on the topics.

    ``picture``: (height, width) of the newest picture, ``picture_bytes`` of it as published.
    ``problems``: by topic, why the newest message of it cannot be used. ``camera``: calibrated, at
    the pose that policy_node has. ``tasks``: how many /diagnostics tell of; ``alarms``: those that
    are not ok. ``gate``: as in gate_status. ``digest``: of the model that policy_node serves.
    """

    images: Stream
    infos: Stream
    joints: Stream
    clock: Stream
    picture: tuple[int, int] | None = None
    picture_bytes: int = 0
    camera: CameraModel | None = None
    samples: list[JointSample] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    alarms: dict[str, Health] = field(default_factory=dict)
    tasks: int = 0
    gate: GateState | None = None
    gate_text: str = ""
    digest: str = ""
