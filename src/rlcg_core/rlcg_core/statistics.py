# SPDX-License-Identifier: Apache-2.0
"""The statistics of a report: Wilson interval of a rate, median of latencies."""

import math
from collections.abc import Sequence

from rlcg_core.errors import ConfigError

Z_95 = 1.959963984540054


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of a binomial rate, within [0, 1].

    Wilson (1927), J. Am. Stat. Assoc. 22:209-212. With no trials the interval is (0, 1):
    nothing is known. ``z`` is the normal quantile; the default gives 95%.
    Raises `ConfigError` unless 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise ConfigError(f"{successes} successes of {trials} trials, expected 0 <= successes <= n")
    if trials == 0:
        return 0.0, 1.0
    rate, shrink = successes / trials, 1.0 + z * z / trials
    centre = (rate + z * z / (2 * trials)) / shrink
    spread = math.sqrt(rate * (1.0 - rate) / trials + z * z / (4.0 * trials * trials))
    low, high = centre - z * spread / shrink, centre + z * spread / shrink
    return (0.0 if successes == 0 else low), (1.0 if successes == trials else high)


def median(values: Sequence[float]) -> float | None:
    """Return the median, the mean of the middle two for an even count, None for no values."""
    ordered, n = sorted(values), len(values)
    if n == 0:
        return None
    return 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the nearest-rank percentile (0 < percent <= 100), None for no values."""
    if not 0.0 < percent <= 100.0:
        raise ConfigError(f"percentile {percent}, expected within (0, 100]")
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(percent / 100.0 * len(ordered)) - 1)]
