# SPDX-License-Identifier: Apache-2.0
"""The report of a soak: ``soak.json``, ``soak.png``, and ``soak.html`` that needs no other file."""

import base64
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from rlcg_bench import machine, show
from rlcg_bench.results import plain
from rlcg_bench.section import Section
from rlcg_bench.soak import chart, findings
from rlcg_bench.soak.log import Sample
from rlcg_bench.soak.settings import SoakSettings
from rlcg_policy.provenance import source_commit
from rlcg_policy.report.record import write_atomically

SCHEMA_VERSION = 1
JSON, PNG, HTML = "soak.json", "soak.png", "soak.html"
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1100px; color: #222 }
table { border-collapse: collapse } img { max-width: 100% } .misses { color: #b5361f }
th, td { text-align: left; padding: .1rem 1rem .1rem 0; border-bottom: 1px solid #ddd }
td:not(:first-child) { font-variant-numeric: tabular-nums }
"""
# The browser itself keeps the page from asking for anything.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write(
    folder: Path, settings: SoakSettings, samples: Sequence[Sample], found: Section, problem: str
) -> list[Path]:
    """Write the report and return its files; ``problem``: what ended the soak early, or ''."""
    picture = chart.png(settings, samples)
    about = _about(settings, found, problem)
    contents = {
        JSON: (json.dumps(plain(about), indent=1, allow_nan=False) + "\n").encode(),
        PNG: picture,
        HTML: _page(about, found, picture).encode(),
    }
    for name, data in contents.items():
        write_atomically(folder / name, data)
    return [folder / name for name in contents]


def verdict(found: Section, problem: str) -> str:
    """Return what came of it, in one sentence."""
    if problem:
        return f"failed: {problem}"
    missed = [bar.name for bar in found.bars if not bar.holds]
    told = f"does not hold: {', '.join(missed)}" if missed else "nothing grows, nothing is lost"
    left_out = findings.not_judged(found)
    if left_out:
        told += f"; not judged: {', '.join(left_out)}"
    return told if found.complete else f"interrupted; until then: {told}"


def _about(settings: SoakSettings, found: Section, problem: str) -> dict[str, Any]:
    bars = [{**vars(bar), "holds": bar.holds, "verdict": bar.verdict} for bar in found.bars]
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": verdict(found, problem),
        "good": findings.good(found) and found.complete and not problem,
        "complete": found.complete,
        "commit": source_commit(),
        "machine": machine.describe(),
        "settings": vars(settings),
        "figures": found.details,
        "series": list(found.rows),
        "bars": bars,
    }


def _page(about: dict[str, Any], found: Section, picture: bytes) -> str:
    rows = [
        f'<tr class="{bar["verdict"]}">'
        + "".join(f"<td>{escape(text)}</td>" for text in _cells(bar))
        + "</tr>"
        for bar in about["bars"]
    ]
    facts = {**about["figures"], "processor": about["machine"]["cpu"]}
    facts |= {"cores": about["machine"]["cores"], "commit": about["commit"]}
    told = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(show.cell(value))}</td></tr>"
        for name, value in facts.items()
    )
    encoded = base64.b64encode(picture).decode()
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>rlcg: soak</title>
<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{_STYLE}</style></head><body>
<h1>Soak</h1><p>{escape(about["verdict"])}</p>
<table><tr><th>held against</th><th>found</th><th>asked</th><th></th></tr>{"".join(rows)}</table>
{"".join(f"<p>{escape(note)}</p>" for note in found.notes)}
<img alt="memory, open files, threads and latency over time" src="data:image/png;base64,{encoded}">
<table>{told}</table></body></html>
"""


def _cells(bar: dict[str, Any]) -> list[str]:
    asked = f"{bar['direction']} {show.cell(bar['limit'])}"
    return [bar["name"], show.cell(bar["found"]), asked, bar["verdict"]]
