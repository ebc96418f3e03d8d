# SPDX-License-Identifier: Apache-2.0
"""The numbers of a run: per variant, and of the processor."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from rlcg_bench.contestant import Timing
from rlcg_bench.prepare import Work
from rlcg_bench.steps.products import YARDSTICK_SIDE, gflop
from rlcg_bench.timing import Summary, summarize
from rlcg_bench.variants import FLOAT32, PEAK, YARDSTICK, Variant
from rlcg_core.regret import SAME_GOAL


@dataclass(frozen=True)
class Figures:
    """Of one decision per variant: ``cpu_ms``, ``wall_ms``, ``peak_mb`` of the process.

    ``same``: on how many frames of how many a variant chose what the hoisted graph chose.
    ``product_gflop_per_s``: rate of the large float32 product; ``peak_gflop_per_s``: best rate by
    precision; all per second of processor time. ``split_gflop``, ``hoisted_gflop``: 10^9 operations
    of a decision with the tower once, and with the merge hoisted.
    """

    cpu_ms: dict[str, Summary]
    wall_ms: dict[str, Summary]
    peak_mb: dict[str, float]
    same: dict[str, tuple[int, int]]
    product_gflop_per_s: float
    peak_gflop_per_s: dict[str, float]
    split_gflop: float
    hoisted_gflop: float

    @property
    def product_ms(self) -> float:
        """Return G: the time of a decision's operations at the large product's rate."""
        return 1e3 * self.split_gflop / self.product_gflop_per_s

    def floor_ms(self, precision: str) -> float:
        """Return the time of the hoisted graph's operations at the best rate of a precision."""
        return 1e3 * self.hoisted_gflop / self.peak_gflop_per_s[precision]


def figures(
    variants: Iterable[Variant], timings: Mapping[str, Mapping[int, Timing]], work: Work
) -> Figures:
    """Return the figures of the variants that were timed."""
    cpu, wall, peak_mb, same = {}, {}, {}, {}
    for variant in (one for one in variants if one.name in timings):
        by_frame = timings[variant.name]
        found = list(by_frame.values())
        cpu[variant.name] = summarize([variant.share * t.cpu_ms for t in found])
        wall[variant.name] = summarize([variant.share * t.wall_ms for t in found])
        peak_mb[variant.name] = max(t.peak_mb or np.nan for t in found)
        if variant.decides:
            same[variant.name] = _same(by_frame, timings[FLOAT32])
    product_s = 1e-3 * cpu[YARDSTICK].median
    rates = [t.rates for t in timings[PEAK].values() if t.rates]
    best = {name: max(rate[name] for rate in rates) for name in ("float32", "int8")}
    rate = gflop(YARDSTICK_SIDE) / product_s
    return Figures(cpu, wall, peak_mb, same, rate, best, work.split_gflop, work.hoisted_gflop)


def _same(found: Mapping[int, Timing], exact: Mapping[int, Timing]) -> tuple[int, int]:
    """Return on how many common frames both chose the same sample, and how many there are."""
    frames = found.keys() & exact.keys()
    gaps = [np.max(np.abs(np.subtract(found[k].goal, exact[k].goal))) for k in frames]
    return sum(bool(gap <= SAME_GOAL) for gap in gaps), len(frames)
