# SPDX-License-Identifier: Apache-2.0
"""The findings as lines while they come, as a table, and as ``faults.json`` and ``faults.html``."""

import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from html import escape
from pathlib import Path

from measure import Finding

from rlcg_policy.provenance import source_commit
from rlcg_policy.report.folder import make_run_folder
from rlcg_policy.report.record import write_atomically

COLUMNS = ("fault", "reason", "stands [s]", "hold [s]", "bar [s]", "verdict")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1240px; color: #222 }
table { border-collapse: collapse } th, td { text-align: left; padding: .2rem 1rem .2rem 0;
  border-bottom: 1px solid #ddd; vertical-align: top }
.bad td { color: #b5361f }
"""


@dataclass
class FaultReport:
    """Collects the findings; ``tell`` shows a line at once."""

    tell: Callable[[str], None]
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def add(self, finding: Finding) -> None:
        """Take in a finding."""
        self.findings.append(finding)
        self.tell(f"\n{finding.name}: {'; '.join(_row(finding)[1:])}")

    def tell_table(self) -> None:
        """Show all of it."""
        rows = [COLUMNS, *map(_row, self.findings)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
        self.tell("")
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.tell("  ".join(cells).rstrip())
        for note in self.notes:
            self.tell(note)

    def write(self, runs: Path) -> None:
        """Write a folder below ``runs``; raises `ConfigError` if that cannot be."""
        folder = make_run_folder(runs, "faults", self.started, "latest-faults")
        text = json.dumps(self._as_dict(), indent=1, allow_nan=False) + "\n"
        write_atomically(folder / "faults.json", text.encode())
        write_atomically(folder / "faults.html", self._page().encode())
        self.tell(f"{folder / 'faults.html'}")

    def _facts(self) -> dict[str, object]:
        return {
            "started": self.started.isoformat(timespec="seconds"),
            "commit": source_commit(),
            "cores": len(os.sched_getaffinity(0)),
            "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
            "load": [round(value, 2) for value in os.getloadavg()],
            "python": platform.python_version(),
        }

    def _as_dict(self) -> dict[str, object]:
        findings = [
            {name: None if value != value else value for name, value in asdict(finding).items()}
            for finding in self.findings
        ]
        return {"schema_version": 1, **self._facts(), "notes": self.notes, "faults": findings}

    def _page(self) -> str:
        rows = "".join(_html_row(finding) for finding in self.findings)
        heads = "".join(f"<th>{escape(name)}</th>" for name in (*COLUMNS, "what the gate said"))
        facts = "; ".join(f"{name} {value}" for name, value in self._facts().items())
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            f"style-src 'unsafe-inline'\"><title>rlcg: faults</title><style>{_STYLE}</style></head>"
            f"<body><h1>Faults</h1><p>{escape(facts)}</p>"
            f"<table><tr>{heads}</tr>\n{rows}</table>{notes}</body></html>\n"
        )


def _row(finding: Finding) -> tuple[str, ...]:
    verdict = "held" if finding.good else "; ".join(finding.problems)
    if finding.repeats:
        verdict += f" (measured {finding.repeats + 1} times: the machine stalled)"
    return (
        finding.name,
        finding.reason or "-",
        _number(finding.stands_s),
        _number(finding.hold_s),
        _number(finding.bar_s),
        verdict,
    )


def _number(seconds: float) -> str:
    return "-" if seconds != seconds else f"{seconds:.3f}"


def _html_row(finding: Finding) -> str:
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in (*_row(finding), finding.text))
    return f'<tr class="{"good" if finding.good else "bad"}">{cells}</tr>\n'
