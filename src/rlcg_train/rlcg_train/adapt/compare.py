# SPDX-License-Identifier: Apache-2.0
"""Two rows of the table on the same scenes: which is better, and by how much."""

from rlcg_core.statistics_paired import (
    PairCounts,
    count_pairs,
    mcnemar_exact,
    paired_difference_interval,
)
from rlcg_train.adapt.results import INVALID, SUCCESS, Result


def p_value(one: Result, other: Result) -> float | None:
    """Return McNemar's exact p on the scenes of both, None where protocols differ."""
    counts = _pairs(one, other)
    return None if counts is None else mcnemar_exact(counts)


def difference(one: Result, other: Result) -> tuple[float, float, float] | None:
    """Return rate of one minus rate of the other with its 95% interval, None as in `p_value`."""
    counts = _pairs(one, other)
    if counts is None:
        return None
    return ((counts.only_a - counts.only_b) / counts.n, *paired_difference_interval(counts))


def _pairs(one: Result, other: Result) -> PairCounts | None:
    same = (one.world, one.protocol) == (other.world, other.protocol)
    if not same or len(one.outcomes) != len(other.outcomes):
        return None
    pairs = [
        (a == SUCCESS, b == SUCCESS)
        for a, b in zip(one.outcomes, other.outcomes, strict=True)
        if INVALID not in (a, b)
    ]
    return count_pairs(pairs) if pairs else None
