# SPDX-License-Identifier: Apache-2.0
"""Two rates measured on the same trials: exact test and interval of their difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rlcg_core.errors import ConfigError
from rlcg_core.statistics import Z_95, wilson_interval

DISTINGUISHABLE_P = 0.05


@dataclass(frozen=True)
class PairCounts:
    """How often which of two succeeded on the same trial."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def n(self) -> int:
        """Number of pairs."""
        return self.both + self.only_a + self.only_b + self.neither


def count_pairs(pairs: Sequence[tuple[bool, bool]]) -> PairCounts:
    """Return the counts of (a succeeded, b succeeded)."""
    return PairCounts(
        both=sum(a and b for a, b in pairs),
        only_a=sum(a and not b for a, b in pairs),
        only_b=sum(b and not a for a, b in pairs),
        neither=sum(not a and not b for a, b in pairs),
    )


def mcnemar_exact(counts: PairCounts) -> float:
    """Return the two-sided p-value of McNemar's exact test, 1 where no pair differs.

    Under equal rates each differing pair falls to either side with chance 1/2: the binomial test.
    """
    differing = counts.only_a + counts.only_b
    fewer = min(counts.only_a, counts.only_b)
    tail = sum(math.comb(differing, k) for k in range(fewer + 1))
    # Whole numbers until the end: 2.0 ** 2000 is no float any more.
    return min(1.0, float(2 * tail / 2**differing))


def paired_difference_interval(counts: PairCounts, z: float = Z_95) -> tuple[float, float]:
    """Return the interval of rate a minus rate b, each on the same trials.

    Newcombe (1998), Statistics in Medicine 17:2635-2650, method 10: square-and-add of Wilson
    intervals with the correlation of the pairs. Raises `ConfigError` for no pairs.
    """
    n = counts.n
    if n == 0:
        raise ConfigError("0 pairs, expected at least one: no trial is valid in both runs")
    in_a, in_b = counts.both + counts.only_a, counts.both + counts.only_b
    rate_a, rate_b = in_a / n, in_b / n
    low_a, high_a = wilson_interval(in_a, n, z)
    low_b, high_b = wilson_interval(in_b, n, z)
    phi = _correlation(counts)
    down = _hypotenuse(rate_a - low_a, high_b - rate_b, phi)
    up = _hypotenuse(high_a - rate_a, rate_b - low_b, phi)
    difference = rate_a - rate_b
    return max(-1.0, difference - down), min(1.0, difference + up)


def _hypotenuse(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one * one - 2.0 * phi * one * other + other * other))


def _correlation(counts: PairCounts) -> float:
    """Return phi of the 2x2 table, corrected for continuity as in method 10."""
    in_a, in_b = counts.both + counts.only_a, counts.both + counts.only_b
    margins = in_a * (counts.n - in_a) * in_b * (counts.n - in_b)
    if margins == 0:
        return 0.0
    product = float(counts.both * counts.neither - counts.only_a * counts.only_b)
    if product > 0.0:
        product = max(0.0, product - 0.5 * counts.n)
    return product / math.sqrt(margins)
