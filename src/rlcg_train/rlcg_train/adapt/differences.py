# SPDX-License-Identifier: Apache-2.0
"""Which rows differ: every pair of them on the same scenes, as one square of signs."""

from collections.abc import Sequence

from rlcg_core.statistics_paired import DISTINGUISHABLE_P
from rlcg_train.adapt.compare import p_value
from rlcg_train.adapt.results import Result

BETTER, WORSE, ALIKE, APART = ">", "<", "=", ""


def square(results: Sequence[Result]) -> str:
    """Return a table of all pairs, best rate first; empty for none."""
    ranked = sorted(results, key=lambda one: -one.rate)
    if not ranked:
        return ""
    pairs = len(ranked) * (len(ranked) - 1) // 2
    text = (
        "Pairs of rows on the same scenes of `real_proxy`, McNemar's exact test at "
        f"p < {DISTINGUISHABLE_P:g}, uncorrected for the {pairs} pairs. `{BETTER}`: the row is "
        f"better than that of the column's number, `{WORSE}`: worse, `{ALIKE}`: not "
        "distinguishable; empty: another protocol, never compared.\n"
    )
    numbers = range(1, len(ranked) + 1)
    head = "| | row | " + " | ".join(map(str, numbers)) + " |\n|---|---|" + "---|" * len(ranked)
    lines = [
        f"| {number} | `{one.row}` | " + " | ".join(sign(one, other) for other in ranked) + " |"
        for number, one in zip(numbers, ranked, strict=True)
    ]
    return "\n".join([text, head, *lines])


def sign(one: Result, other: Result) -> str:
    """Return how one row stands to another."""
    p = None if one is other else p_value(one, other)
    if p is None:
        return APART
    if p >= DISTINGUISHABLE_P:
        return ALIKE
    return BETTER if one.rate > other.rate else WORSE
