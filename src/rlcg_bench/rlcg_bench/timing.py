# SPDX-License-Identifier: Apache-2.0
"""What many timings of one thing say: median with an interval that assumes no distribution."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rlcg_core.errors import ConfigError
from rlcg_core.statistics import median


@dataclass(frozen=True)
class Summary:
    """Of ``n`` values: median, smallest, and the 95% interval of the median.

    The interval is None for fewer than 6 values: no pair of them covers the median at 95%.
    """

    n: int
    median: float
    minimum: float
    interval_95: tuple[float, float] | None


def summarize(values: Sequence[float]) -> Summary:
    """Return the summary; raises `ConfigError` for no values."""
    middle = median(values)
    if middle is None:
        raise ConfigError("no timing to summarize, expected at least one")
    return Summary(len(values), middle, min(values), median_interval(values))


def median_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the narrowest pair of order statistics that covers the median at 95% or more.

    The number of values below the median is binomial with p = 1/2, whatever they are spread like
    (David and Nagaraja, Order Statistics, 2003, section 7.1).
    """
    n, ordered = len(values), sorted(values)
    rank, below = 0, 0.0
    while rank < n // 2:
        below += math.comb(n, rank) / 2.0**n
        if below > 0.025:
            break
        rank += 1
    return (ordered[rank - 1], ordered[n - rank]) if rank else None
