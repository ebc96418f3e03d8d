# SPDX-License-Identifier: Apache-2.0
"""The curves of a soak as one picture: memory, open files, threads, latency."""

import io
from collections.abc import Sequence
from itertools import groupby

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlcg_bench.soak import curves
from rlcg_bench.soak.findings import UNITS, window_s
from rlcg_bench.soak.growth import Series
from rlcg_bench.soak.log import Sample
from rlcg_bench.soak.settings import SoakSettings

PERCENTILES = ((10.0, "-"), (50.0, "--"), (99.0, ":"))


def png(settings: SoakSettings, samples: Sequence[Sample]) -> bytes:
    """Return the picture; sessions stand behind one another, their warm-ups shaded."""
    figure = Figure(figsize=(10.0, 12.0), dpi=110, layout="constrained")
    axes = figure.subplots(4, 1, sharex=True)
    drawn = _in_a_row(samples)
    names = sorted({one.name for sample in samples for one in sample.processes})
    for what, ax in zip(curves.USES, axes[:3], strict=True):
        for name in names:
            _draw(ax, curves.usage(drawn, name, what), name)
        ax.set_ylabel(UNITS[what])
    _draw_latencies(axes[3], drawn, window_s(settings))
    for ax in axes:
        for begin_s in _begins(samples):
            ax.axvspan(begin_s / 60.0, (begin_s + settings.warmup_s) / 60.0, color="#eeeeee")
        ax.set_ylim(bottom=0.0)
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    axes[3].set_xlabel("time [min]; grey: warm-up, not judged")
    with io.BytesIO() as contents, matplotlib.rc_context({"font.size": 10}):
        figure.savefig(contents, format="png")
        return contents.getvalue()


def _draw_latencies(ax: Axes, samples: Sequence[Sample], over_s: float) -> None:
    for what, colour in zip(curves.LATENCIES, ("#2a7f62", "#4a6fa5"), strict=True):
        for percent, style in PERCENTILES:
            series = curves.latency(samples, what, percent, over_s)
            title = f"{what.removesuffix('_ms').replace('_', ' ')} p{percent:g}"
            ax.plot(60.0 * series.hours, series.values, style, color=colour, label=title, lw=1.0)
    ax.set_ylabel("latency [ms]")


def _draw(ax: Axes, series: Series, name: str) -> None:
    """Draw a line with a gap wherever another process takes over."""
    cuts = np.flatnonzero(np.diff(series.segments)) + 1
    minutes = np.insert(60.0 * series.hours, cuts, np.nan)
    ax.plot(minutes, np.insert(series.values, cuts, np.nan), label=name, lw=1.0)


def _in_a_row(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples with times that go on from session to session."""
    begins = _begins(samples)
    numbers = {session: i for i, session in enumerate(dict.fromkeys(s.session for s in samples))}
    return [
        Sample(0, begins[numbers[one.session]] + one.time_s, one.load, one.processes, one.grasps)
        for one in samples
    ]


def _begins(samples: Sequence[Sample]) -> list[float]:
    """Return when each session begins, all standing behind one another [s]."""
    lasts = [list(group)[-1].time_s for _, group in groupby(samples, key=lambda one: one.session)]
    return [sum(lasts[:i]) for i in range(len(lasts))]
