# SPDX-License-Identifier: Apache-2.0
"""The tables of the page; everything that came from outside is escaped."""

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rlcg_core.statistics import percentile
from rlcg_policy.report.console import words
from rlcg_policy.report.record import GraspRecord
from rlcg_policy.report.report import Report

OBJECTS_SHOWN = 40


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; what holds digits alone is set to the right."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>\n" for row in rows)
    return f"<table><tr>{head}</tr>\n{body}</table>"


def rates(title: str, head: str, rows: Sequence[Mapping[str, Any]], shown: int = 10**6) -> str:
    """Return a section of rates with their intervals; nothing where there is nothing to tell."""
    if not rows:
        return ""
    lines = [
        [str(row["name"]) or "-", words(row["successes"], row["grasps"]), str(row["invalid"])]
        for row in rows[:shown]
    ]
    more = len(rows) - shown
    rest = f"<p>{more} more in report.json.</p>" if more > 0 else ""
    return f"<h2>{escape(title)}</h2>" + table((head, "success", "invalid"), lines) + rest


def agreement(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how far the outcome sources agree."""
    if not rows:
        return ""
    lines = [
        [
            f"{row['first']} and {row['second']}",
            words(row["same"], row["n"]),
            str(row["only_first_success"]),
            str(row["only_second_success"]),
        ]
        for row in rows
    ]
    heads = ("sources", "said the same", "success only by the first", "only by the second")
    return "<h2>Do the judges agree?</h2>" + table(heads, lines)


def latency(report: Report) -> str:
    """Return percentiles of both latencies, of the steps on which the network ran."""
    names = {"step_ms": "frame in hand to command out", "image_to_command_ms": "image to command"}
    lines = []
    for name, text in names.items():
        values = report.network_ms(name)
        found = [percentile(values, percent) for percent in (50.0, 95.0, 99.0, 100.0)]
        told = ["-" if value is None else f"{value:.1f}" for value in found]
        lines.append([text, str(len(values)), *told])
    heads = ("latency [ms]", "steps", "median", "95%", "99%", "longest")
    return table(heads, lines)


def grasps(episodes: Sequence[GraspRecord], pictures: Mapping[int, bytes], folder: Path) -> str:
    """Return a row per grasp, each followed by its pictures.

    Links lead from ``folder`` to the recordings; without any there is no column for them.
    """
    heads = [
        "#", "robot", "scene seed", "outcome", "judged by", "steps", "last Q", "seconds",
        "grasped at", "ended by",
    ]  # fmt: skip
    linked = folder if any(one.recording for one in episodes) else None
    heads += ["recording"] if linked is not None else []
    head = "".join(f"<th>{one}</th>" for one in heads)
    body = "".join(_grasp(one, pictures.get(one.index), len(heads), linked) for one in episodes)
    return f"<table><tr>{head}</tr>\n{body}</table>"


def _grasp(one: GraspRecord, picture: bytes | None, columns: int, linked: Path | None) -> str:
    outcome, reason = one.outcome.name.lower(), one.reason.name.lower()
    known = 0 <= one.target < len(one.object_names)
    cells = [
        str(one.index + 1),
        one.robot or "-",
        str(one.seed),
        outcome,
        "; ".join(f"{said.source.value}: {said.outcome.name.lower()}" for said in one.sources),
        str(one.steps),
        f"{one.last_q:.3f}",
        f"{one.duration_s:.1f}",
        one.object_names[one.target] if known else "-",
        f"{reason}: {one.text}" if one.text else reason,
    ]
    link = "" if linked is None else f"<td>{_link(one.recording, linked)}</td>"
    whole = "".join(map(_cell, cells)) + link
    row = f'<tr class="{outcome}" id="g{one.index + 1}">{whole}</tr>\n'
    if picture is None:
        return row
    source = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    image = f'<img loading="lazy" alt="frames of grasp {one.index + 1}" src="{source}">'
    return row + f'<tr class="pictures"><td colspan="{columns}">{image}</td></tr>\n'


def _link(recording: str, folder: Path) -> str:
    """Return a link from ``folder`` to a recording, which stays right where both are moved."""
    if not recording:
        return "-"
    target = quote(os.path.relpath(recording, folder.resolve()))
    return f'<a href="{escape(target)}">{escape(os.path.basename(recording))}</a>'


def _cell(text: str) -> str:
    numeric = text.replace(".", "", 1).isdigit()
    return f'<td class="number">{text}</td>' if numeric else f"<td>{escape(text)}</td>"
