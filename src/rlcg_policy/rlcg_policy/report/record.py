# SPDX-License-Identifier: Apache-2.0
"""The record of an evaluation, as it stands in ``report.json``; described in docs/report-schema.md.

The schema only grows: keys keep their names and meanings, new ones may be added.
"""

import json
import math
import os
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

from rlcg_core.reasons import Outcome, TerminationReason
from rlcg_core.statistics import median, percentile, wilson_interval

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class GraspRecord:
    """One attempt. ``seed`` is of the scene; milliseconds and ``network_ran`` are per step."""

    index: int
    seed: int
    outcome: Outcome
    reason: TerminationReason
    text: str
    steps: int
    last_q: float
    duration_s: float
    step_ms: tuple[float, ...] = ()
    image_to_command_ms: tuple[float, ...] = ()
    network_ran: tuple[bool, ...] = ()
    object_names: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the row of ``episodes``."""
        return {
            "index": self.index,
            "seed": self.seed,
            "outcome": self.outcome.name.lower(),
            "termination_reason": self.reason.name.lower(),
            "text": self.text,
            "steps": self.steps,
            "last_q": _number(self.last_q),
            "duration_s": _number(self.duration_s),
            "step_ms": [_number(value) for value in self.step_ms],
            "image_to_command_ms": [_number(value) for value in self.image_to_command_ms],
            "network_ran": list(self.network_ran),
            "object_names": list(self.object_names),
        }


@dataclass
class Report:
    """An evaluation so far. ``wanted``: the attempts asked for; ``started``: UTC, ISO 8601."""

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
        rate = self.successes / self.grasps if self.grasps else None
        step_ms, delay_ms = self.network_ms("step_ms"), self.network_ms("image_to_command_ms")
        return {
            "schema_version": SCHEMA_VERSION,
            "grasps": self.grasps,
            "successes": self.successes,
            "success_rate": _number(rate),
            "interval_95": [_number(v) for v in wilson_interval(self.successes, self.grasps)],
            "invalid": len(self.episodes) - self.grasps,
            "wanted": self.wanted,
            "complete": len(self.episodes) >= self.wanted,
            "steps_median": median([float(episode.steps) for episode in self.episodes]),
            "step_ms_median": _number(median(step_ms)),
            "step_ms_p95": _number(percentile(step_ms, 95.0)),
            "image_to_command_ms_median": _number(median(delay_ms)),
            "image_to_command_ms_p95": _number(percentile(delay_ms, 95.0)),
            "model": self.model,
            "objects": self.objects,
            "seed": self.seed,
            "commit": self.commit,
            "backend": self.backend,
            "renderer": self.renderer,
            "started": self.started,
            "duration_s": _number(self.duration_s),
            "cpu_count": os.cpu_count(),
            "episodes": [episode.as_dict() for episode in self.episodes],
        }


def write_atomically(path: Path, contents: bytes) -> None:
    """Replace ``path`` in one step: a reader, or a crash, never sees half a file."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(contents)
    os.replace(part, path)


def write_json(report: Report, folder: Path) -> None:
    """Write ``report.json`` into ``folder``."""
    text = json.dumps(report.as_dict(), indent=1, allow_nan=False)
    write_atomically(folder / "report.json", (text + "\n").encode())


def _number(value: float | None) -> float | None:
    """Round for the record; what is no number becomes null."""
    return None if value is None or not math.isfinite(value) else round(value, 4)
