# SPDX-License-Identifier: Apache-2.0
"""The whole record of an evaluation, as it stands in ``report.json``; see docs/report-schema.md.

The schema only grows: keys keep their names and meanings, new ones may be added.
"""

import json
import os
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

from rlcg_core.reasons import Outcome
from rlcg_core.statistics import median, percentile, wilson_interval
from rlcg_policy.report import figures
from rlcg_policy.report.record import GraspRecord, number, write_atomically

SCHEMA_VERSION = 2


@dataclass
class Report:
    """An evaluation so far. ``wanted``: the attempts asked for; ``started``: UTC, ISO 8601.

    ``sources``: names of the outcome sources, the judging one first. ``sessions``: how often the
    run was begun or gone on with.
    """

    model: str
    objects: str
    seed: int
    wanted: int
    commit: str
    backend: str
    started: str
    renderer: str = ""
    duration_s: float = 0.0
    episodes: list[GraspRecord] = field(default_factory=list)
    protocol: str = "scenes"
    replacement: str = "new_scene"
    robots: tuple[str, ...] = ("",)
    sources: tuple[str, ...] = ("simulator",)
    model_digest: str = ""
    robot: str = "robot1"
    sessions: int = 1

    def add(self, record: GraspRecord) -> None:
        """Take in an attempt; several robots end theirs in any order."""
        self.episodes.append(record)
        self.episodes.sort(key=lambda episode: episode.index)

    def count(self, *outcomes: Outcome) -> int:
        """Return the number of attempts with one of these outcomes."""
        return sum(episode.outcome in outcomes for episode in self.episodes)

    @property
    def grasps(self) -> int:
        """Return the valid attempts: successes and failures."""
        return self.count(Outcome.SUCCESS, Outcome.FAILURE)

    @property
    def successes(self) -> int:
        """Return the attempts that held an object up."""
        return self.count(Outcome.SUCCESS)

    @property
    def commands(self) -> int:
        """Return the decisions of all attempts."""
        return sum(episode.steps for episode in self.episodes)

    def network_ms(self, name: str) -> list[float]:
        """Return ``step_ms`` or ``image_to_command_ms`` of all steps that ran the network.

        The others, which a rule alone decided, are faster and would flatter the median.
        """
        return [ms for e in self.episodes for ms in compress(getattr(e, name), e.network_ran)]

    def as_dict(self) -> dict[str, Any]:
        """Return the whole report as plain data."""
        return {
            "schema_version": SCHEMA_VERSION,
            **self._summary(),
            **self._set_up(),
            "per_robot": figures.per_robot(self.episodes),
            "per_placement": figures.per_placement(self.episodes),
            "per_object": figures.per_object(self.episodes),
            "agreement": figures.agreement(self.episodes),
            "q_calibration": figures.q_calibration(self.episodes),
            "episodes": [episode.as_dict() for episode in self.episodes],
        }

    def _summary(self) -> dict[str, Any]:
        rate = self.successes / self.grasps if self.grasps else None
        step_ms, delay_ms = self.network_ms("step_ms"), self.network_ms("image_to_command_ms")
        return {
            "grasps": self.grasps,
            "successes": self.successes,
            "success_rate": number(rate),
            "interval_95": [number(v) for v in wilson_interval(self.successes, self.grasps)],
            "invalid": len(self.episodes) - self.grasps,
            "wanted": self.wanted,
            "complete": len(self.episodes) >= self.wanted,
            "interrupted": sum(episode.tries - 1 for episode in self.episodes),
            "steps_median": median([float(episode.steps) for episode in self.episodes]),
            "step_ms_median": number(median(step_ms)),
            "step_ms_p95": number(percentile(step_ms, 95.0)),
            "image_to_command_ms_median": number(median(delay_ms)),
            "image_to_command_ms_p95": number(percentile(delay_ms, 95.0)),
            "image_to_command_ms_p99": number(percentile(delay_ms, 99.0)),
            "image_to_command_ms_max": number(max(delay_ms, default=None)),
        }

    def _set_up(self) -> dict[str, Any]:
        return {
            "protocol": self.protocol,
            "replacement": self.replacement,
            "robot": self.robot,
            "robots": list(self.robots),
            "outcome_sources": list(self.sources),
            "model": self.model,
            "model_digest": self.model_digest,
            "objects": self.objects,
            "seed": self.seed,
            "commit": self.commit,
            "backend": self.backend,
            "renderer": self.renderer,
            "started": self.started,
            "duration_s": number(self.duration_s),
            "sessions": self.sessions,
            "cpu_count": os.cpu_count(),
        }


def write_json(report: Report, folder: Path) -> None:
    """Write ``report.json`` into ``folder``."""
    text = json.dumps(report.as_dict(), indent=1, allow_nan=False)
    write_atomically(folder / "report.json", (text + "\n").encode())
