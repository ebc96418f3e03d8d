# SPDX-License-Identifier: Apache-2.0
"""What a soak found: a row per thing that must not grow, and the bars that it is held against."""

from collections.abc import Sequence

import numpy as np

from rlcg_bench.bars import Bar
from rlcg_bench.section import Cell, Section
from rlcg_bench.soak import curves
from rlcg_bench.soak.growth import Limit, Series, slope_per_hour
from rlcg_bench.soak.log import Sample
from rlcg_bench.soak.settings import SoakSettings
from rlcg_core.statistics import percentile

# Rings, arenas and caches still fill, and others load the machine: before, a slope says nothing.
LEAST_JUDGED_S = 600.0
MEMORY, COUNT = Limit(per_hour=10.0, floor=5.0), Limit(per_hour=1.0, floor=1.5)
LIMITS = {"rss_mb": MEMORY, "files": COUNT, "threads": COUNT}
UNITS = {"rss_mb": "memory [MB]", "files": "open files", "threads": "threads"}
# Other programs on the machine move the median; what grows moves the fast decisions as well.
UNDISTURBED_PERCENT = 10.0
LATENCY_SHARE_PER_HOUR, LATENCY_FLOOR_MS = 0.1, 2.0
LOAD_CHANGE = 1.0
WINDOW_S, MOST_WINDOWS = 60.0, 20
INVALID_PERCENT = 1.0
Judged = tuple[dict[str, Cell], Bar | None]
NOTES = (
    "slope: Theil-Sen, after the warm-up, within one life of a process. A thing grows if its slope "
    "is above its limit: 10 MB/h of memory, 1/h of open files and threads, 10%/h of latency; in a "
    "short soak the limit is what can be told from noise (5 MB, 1.5, 2 ms over its length). With "
    "less than 10 minutes after the warm-up only open files and threads are judged, and latency "
    "only where the load average of the first and the last third differ by 1 at most.",
    "evaluate_node: a new process per evaluation, whose peaks are compared. latency: the fastest "
    "10% of each minute, which other programs disturb least. first, last: medians of the first "
    "and last tenth.",
)


def window_s(settings: SoakSettings) -> float:
    """Return the time over which latencies are put together [s]."""
    return max(settings.period_s, min(WINDOW_S, settings.duration_s / MOST_WINDOWS))


def section(settings: SoakSettings, samples: Sequence[Sample], complete: bool) -> Section:
    """Return rows and bars of the soak; ``complete`` False: it was interrupted."""
    after = curves.judged(samples, settings.warmup_s)
    found = [*_usages(after), *_evaluations(after), *_latencies(settings, after)]
    return Section(
        title="soak",
        rows=tuple(row for row, _ in found),
        bars=(*(bar for _, bar in found if bar is not None), *_counts(samples)),
        notes=NOTES,
        details=_details(settings, samples, after),
        complete=complete,
    )


def good(found: Section) -> bool:
    """Return whether everything was measured, and nothing grew or failed."""
    return bool(found.rows) and all(bar.holds for bar in found.bars)


def not_judged(found: Section) -> list[str]:
    """Return the names of the rows that have no bar; see `NOTES` for why."""
    judged = {bar.name for bar in found.bars}
    names = [str(row["series"]) for row in found.rows]
    return [name for name in names if f"{name} per hour" not in judged]


def _usages(after: Sequence[Sample]) -> list[Judged]:
    return [
        _judge(f"{name}: {UNITS[what]}", curves.usage(after, name, what), LIMITS[what])
        for what in curves.USES
        for name in curves.lasting(after)
    ]


def _evaluations(after: Sequence[Sample]) -> list[Judged]:
    found = []
    for what in curves.USES:
        series = curves.evaluations(after, what)
        if 3600.0 * series.span_h >= LEAST_JUDGED_S:
            name = f"{curves.EVALUATION}, peak of each: {UNITS[what]}"
            found.append(_judge(name, series, LIMITS[what]))
    return found


def _latencies(settings: SoakSettings, after: Sequence[Sample]) -> list[Judged]:
    found = []
    for what in curves.LATENCIES:
        series = curves.latency(after, what, UNDISTURBED_PERCENT, window_s(settings))
        usual_ms = float(np.median(series.values)) if len(series.values) else 0.0
        limit = Limit(LATENCY_SHARE_PER_HOUR * usual_ms, LATENCY_FLOOR_MS)
        name = f"{what.removesuffix('_ms').replace('_', ' ')} [ms]"
        row, bar = _judge(name, series, limit)
        found.append((row, bar if _equally_loaded(after) else None))
    return found


def _equally_loaded(samples: Sequence[Sample]) -> bool:
    """Return whether other programs left the machine alike from begin to end."""
    loads = [one.load for one in samples]
    third = max(1, len(loads) // 3)
    if not loads:
        return False
    return abs(float(np.median(loads[:third]) - np.median(loads[-third:]))) <= LOAD_CHANGE


def _judge(name: str, series: Series, limit: Limit) -> Judged:
    """Return the row of a thing and the bar for its slope, None where it is too short for one."""
    slope, allowed = slope_per_hour(series), limit.seen_from(series.span_h)
    tenth = -(-len(series.values) // 10)
    row: dict[str, Cell] = {
        "series": name,
        "n": len(series.values),
        "first": float(np.median(series.values[:tenth])) if tenth else None,
        "last": float(np.median(series.values[-tenth:])) if tenth else None,
        "slope/h": slope,
        "limit/h": allowed if slope is not None else None,
    }
    judged = limit is COUNT or 3600.0 * series.span_h >= LEAST_JUDGED_S
    return row, Bar(f"{name} per hour", slope, allowed, "at most") if judged else None


def _counts(samples: Sequence[Sample]) -> tuple[Bar, ...]:
    grasps = [grasp for sample in samples for grasp in sample.grasps]
    invalid = sum(grasp.outcome == "invalid" for grasp in grasps)
    lost = sum(not grasp.recorded for grasp in grasps)
    share = 100.0 * invalid / len(grasps) if grasps else None
    return (
        Bar("grasps", float(len(grasps)), 1.0, "at least"),
        Bar("invalid grasps [%]", share, INVALID_PERCENT, "at most"),
        Bar("grasps without a bag", float(lost), 0.0, "at most"),
    )


def _details(
    settings: SoakSettings, samples: Sequence[Sample], after: Sequence[Sample]
) -> dict[str, Cell]:
    """Return the figures that describe the soak, for people."""
    last = {one.session: one.time_s for one in samples}
    grasps = [grasp for sample in samples for grasp in sample.grasps]
    found: dict[str, Cell] = {
        "minutes": round(sum(last.values()) / 60.0, 2),
        "judged_minutes": round(
            sum(max(0.0, t - settings.warmup_s) for t in last.values()) / 60, 2
        ),
        "sessions": len(last),
        "samples": len(samples),
        "grasps": len(grasps),
        "successes": sum(grasp.outcome == "success" for grasp in grasps),
        "load_median": percentile([one.load for one in samples], 50.0),
    }
    for what in curves.LATENCIES:
        values_ms = curves.all_ms(after, what)
        found[f"{what}_n"] = len(values_ms)
        for percent in (50.0, 99.0):
            found[f"{what}_p{percent:g}"] = percentile(values_ms, percent)
        found[f"{what}_max"] = max(values_ms, default=None)
    return found
