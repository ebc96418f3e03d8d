# SPDX-License-Identifier: Apache-2.0
"""The table as one picture: every method without labels, and what labelled episodes add."""

import io
from collections.abc import Mapping

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlcg_train.adapt.recipes import GENERATOR_ONLY, LABELLED, LENGTH, RECIPES
from rlcg_train.adapt.results import Result

Rows = Mapping[str, Result]
COLOURS = {
    "Sim-Only": "#8a8a8a",
    "Real-Only": "#b5651d",
    "Sim+Real": "#c9a227",
    "GraspGAN": "#4a6fa5",
    "RL-CycleGAN": "#2a7f62",
}
OTHER = "#9bb0cc"


def png(rows: Rows) -> bytes:
    """Return the picture of results in `real_proxy` by name of the row; empty if there is none."""
    if not any(one.name in rows for one in RECIPES):
        return b""
    figure = Figure(figsize=(11.0, 4.2), dpi=110, layout="constrained")
    bars, lines = figure.subplots(1, 2)
    _draw_bars(bars, rows)
    _draw_lines(lines, rows)
    for axes in (bars, lines):
        axes.spines[["top", "right"]].set_visible(False)
    with io.BytesIO() as contents, matplotlib.rc_context({"font.size": 10}):
        # No date and no version inside: the same results give the same bytes.
        figure.savefig(contents, format="png", metadata={"Software": None})
        return contents.getvalue()


def _draw_bars(axes: Axes, rows: Rows) -> None:
    unlabelled = [r for r in RECIPES if r.amount is None and r.name in rows]
    shown = [r for r in unlabelled if r.section in (GENERATOR_ONLY, LENGTH)]
    for place, recipe in enumerate(shown):
        rate, below, above = _percent(rows[recipe.name])
        colour = COLOURS.get(recipe.title, OTHER)
        axes.barh(place, rate, xerr=[[below], [above]], color=colour, ecolor="#333333", capsize=3)
    titles = [r.title + (", longer" if r.section == LENGTH else "") for r in shown]
    axes.set_yticks(range(len(shown)), titles)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("grasps in real_proxy that succeed [%], 95% interval")
    axes.set_title(GENERATOR_ONLY)


def _draw_lines(axes: Axes, rows: Rows) -> None:
    labelled = [r for r in RECIPES if r.section == LABELLED and r.name in rows]
    for title in dict.fromkeys(recipe.title for recipe in labelled):
        found = [rows[r.name] for r in labelled if r.title == title]
        rates, below, above = zip(*map(_percent, found), strict=True)
        axes.errorbar(
            [one.real_episodes for one in found],
            rates,
            yerr=[below, above],
            color=COLOURS[title],
            marker="o",
            capsize=3,
            label=title,
        )
    axes.set_xscale("log")
    axes.set_ylim(0.0, 100.0)
    axes.set_xlabel("labelled episodes of real_proxy")
    axes.set_title(LABELLED)
    if labelled:
        axes.legend(frameon=False, loc="lower right")


def _percent(result: Result) -> tuple[float, float, float]:
    """Return a rate and how far its interval reaches below and above, in percent."""
    rate, low, high = (100.0 * share for share in (result.rate, *result.interval))
    return rate, rate - low, high - rate
