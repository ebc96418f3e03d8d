# SPDX-License-Identifier: Apache-2.0
"""``runs/latest-bench/``: `bench.json` with everything that a run found, and its chart."""

import json
import math
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rlcg_bench import chart
from rlcg_bench.machine import describe, load
from rlcg_bench.section import Section
from rlcg_policy.provenance import source_commit
from rlcg_policy.report.folder import make_run_folder
from rlcg_policy.report.record import write_atomically

SCHEMA_VERSION = 1
FILE, CHART = "bench.json", "bench.png"


@dataclass
class Results:
    """A run: where and when it was made, and its sections as they come."""

    arguments: list[str]
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    machine: dict[str, Any] = field(default_factory=describe)
    commit: str = field(default_factory=source_commit)
    load_before: list[float] = field(default_factory=load)
    sections: list[Section] = field(default_factory=list)

    def write(self, runs: Path) -> list[Path]:
        """Write a folder and return the files in it; raises `ConfigError` if that cannot be."""
        folder = make_run_folder(runs, "bench", self.started, "latest-bench")
        text = json.dumps(plain(self._as_dict()), indent=1, allow_nan=False)
        write_atomically(folder / FILE, (text + "\n").encode())
        picture = chart.png(self.sections)
        if picture:
            write_atomically(folder / CHART, picture)
        return [folder / name for name in (FILE, CHART) if (folder / name).is_file()]

    def _as_dict(self) -> dict[str, Any]:
        duration = datetime.now(timezone.utc) - self.started
        return {
            "schema_version": SCHEMA_VERSION,
            "started": self.started.isoformat(timespec="seconds"),
            "duration_s": round(duration.total_seconds(), 1),
            "commit": self.commit,
            "arguments": self.arguments,
            "machine": self.machine,
            "load_before": self.load_before,
            "load_after": load(),
            "sections": [_section(section) for section in self.sections],
        }


def _section(section: Section) -> dict[str, Any]:
    bars = [{**asdict(bar), "holds": bar.holds, "verdict": bar.verdict} for bar in section.bars]
    return {**asdict(section), "bars": bars}


def plain(value: Any) -> Any:
    """Return plain data with what is no number as null, for JSON has no NaN."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
