# SPDX-License-Identifier: Apache-2.0
"""The chart: processor time of one decision per variant, on a logarithmic axis."""

import io
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlcg_bench.section import Cell, Section

SERVED, REFUSED, OTHER = "#2a7f62", "#b8b8b8", "#4a6fa5"


def png(sections: Sequence[Section]) -> bytes:
    """Return the picture of the first section that times variants, empty if none does."""
    section = next((one for one in sections if one.rows and "variant" in one.rows[0]), None)
    if section is None:
        return b""
    rows = [row for row in section.rows if row["cpu_ms"] is not None]
    figure = Figure(figsize=(9.0, 1.2 + 0.42 * len(rows)), dpi=120, layout="constrained")
    _draw(figure.subplots(), rows, section.title)
    with io.BytesIO() as contents, matplotlib.rc_context({"font.size": 10}):
        figure.savefig(contents, format="png")
        return contents.getvalue()


def _draw(axes: Axes, rows: Sequence[dict[str, Cell]], title: str) -> None:
    times_ms = [float(row["cpu_ms"] or 0.0) for row in rows]
    places = range(len(rows))
    axes.barh(places, times_ms, color=[_colour(row) for row in rows])
    axes.set_xscale("log")
    axes.set_yticks(places, [str(row["variant"]) for row in rows])
    axes.invert_yaxis()
    for place, row, time_ms in zip(places, rows, times_ms, strict=True):
        label = f" {time_ms:.0f} ms, {float(row['naive/it'] or 0.0):.3g}x"
        axes.text(time_ms, place, label, va="center", ha="left")
    axes.set_xlim(0.5 * min(times_ms), 6.0 * max(times_ms))
    axes.set_xlabel("processor time of one decision [ms], and how much less than the naive port's")
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)


def _colour(row: dict[str, Cell]) -> str:
    """Return the colour of a plan that may serve, of one that may not, or of a comparison."""
    if row.get("gate"):
        return SERVED if str(row["gate"]).startswith("good") else REFUSED
    return OTHER
