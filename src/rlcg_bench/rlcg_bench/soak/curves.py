# SPDX-License-Identifier: Apache-2.0
"""The curves of a soak, out of its samples: what each process uses, and how late commands are."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from rlcg_bench.soak.growth import Series
from rlcg_bench.soak.log import Sample
from rlcg_bench.soak.usage import Usage
from rlcg_core.statistics import percentile

EVALUATION = "evaluate_node"
USES = ("rss_mb", "files", "threads")
LATENCIES = ("step_ms", "image_to_command_ms")
Point = tuple[float, float, int]


def judged(samples: Sequence[Sample], warmup_s: float) -> list[Sample]:
    """Return the samples after each session's warm-up."""
    return [one for one in samples if one.time_s >= warmup_s]


def lasting(samples: Sequence[Sample]) -> list[str]:
    """Return the names of the processes that lived through all of some session, in order."""
    names: dict[str, None] = {}
    for _, group in groupby(samples, key=lambda one: one.session):
        session = list(group)
        last = {one.pid for one in session[-1].processes}
        names.update(dict.fromkeys(u.name for u in session[0].processes if u.pid in last))
    return [name for name in names if name != EVALUATION]


def usage(samples: Iterable[Sample], name: str, what: str) -> Series:
    """Return one of `USES` of a process over time; each process of that name is a segment."""
    return _series(
        (sample.time_s, getattr(one, what), one.pid)
        for sample in samples
        for one in sample.processes
        if one.name == name
    )


def evaluations(samples: Sequence[Sample], what: str) -> Series:
    """Return the peak of one of `USES` of each whole evaluation, when it was last seen."""
    points: list[Point] = []
    for session, group in groupby(samples, key=lambda one: one.session):
        seen: dict[int, list[tuple[float, Usage]]] = {}
        for sample in group:
            for one in (one for one in sample.processes if one.name == EVALUATION):
                seen.setdefault(one.pid, []).append((sample.time_s, one))
        # The first one may have begun before the warm-up's end; the last one was cut off.
        for life in list(seen.values())[1:-1]:
            points.append((life[-1][0], max(getattr(one, what) for _, one in life), session))
    return _series(points)


def latency(samples: Iterable[Sample], what: str, percent: float, window_s: float) -> Series:
    """Return a percentile of one of `LATENCIES` for each window of time; sessions are segments."""
    points: list[Point] = []
    for (session, number), group in groupby(
        samples, key=lambda one: (one.session, int(one.time_s / window_s))
    ):
        found = percentile(all_ms(group, what), percent)
        if found is not None:
            points.append(((number + 0.5) * window_s, found, session))
    return _series(points)


def all_ms(samples: Iterable[Sample], what: str) -> list[float]:
    """Return one of `LATENCIES` of every decision [ms]."""
    return [ms for sample in samples for grasp in sample.grasps for ms in getattr(grasp, what)]


def _series(points: Iterable[Point]) -> Series:
    table = np.array(list(points), dtype=np.float64).reshape(-1, 3)
    return Series(table[:, 0] / 3600.0, table[:, 1], table[:, 2].astype(np.int64))
