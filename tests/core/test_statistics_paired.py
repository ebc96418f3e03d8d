# SPDX-License-Identifier: Apache-2.0
"""The paired test and interval against values of scipy, statsmodels and the literature."""

import pytest

from rlcg_core.errors import ConfigError
from rlcg_core.statistics_paired import (
    PairCounts,
    count_pairs,
    mcnemar_exact,
    paired_difference_interval,
)


# p-values: statsmodels 0.15.0 mcnemar(table, exact=True) = scipy 1.17.1 binomtest.
@pytest.mark.parametrize(
    ("counts", "p_value"),
    [
        (PairCounts(1, 1, 7, 12), 0.0703125),
        (PairCounts(36, 12, 2, 4), 0.012939453125),
        (PairCounts(14, 5, 9, 22), 0.4239501953125),
        (PairCounts(212, 144, 256, 707), 2.3308680873706694e-08),
        (PairCounts(0, 5, 0, 0), 0.0625),
        (PairCounts(40, 0, 0, 7), 1.0),
        (PairCounts(3, 4, 4, 3), 1.0),
    ],
)
def test_mcnemar_is_the_exact_binomial_test(counts: PairCounts, p_value: float) -> None:
    assert mcnemar_exact(counts) == pytest.approx(p_value, rel=1e-12)


def test_many_differing_pairs_do_not_overflow() -> None:
    assert 0.0 < mcnemar_exact(PairCounts(0, 3000, 3100, 0)) < 1.0


def test_the_interval_is_newcombes_square_and_add() -> None:
    # Airway hyper-responsiveness before and after treatment; Fagerland, Lydersen and Laake (2014),
    # Statistics in Medicine 33:2850-2875: Newcombe -0.507 to -0.026.
    low, high = paired_difference_interval(PairCounts(1, 1, 7, 12))
    assert (round(low, 3), round(high, 3)) == (-0.507, -0.026)


@pytest.mark.parametrize("counts", [PairCounts(36, 12, 2, 4), PairCounts(0, 3, 9, 0)])
def test_the_interval_holds_the_difference_and_turns_with_it(counts: PairCounts) -> None:
    low, high = paired_difference_interval(counts)
    turned = PairCounts(counts.both, counts.only_b, counts.only_a, counts.neither)
    assert low < (counts.only_a - counts.only_b) / counts.n < high
    assert paired_difference_interval(turned) == pytest.approx((-high, -low))


def test_all_alike_is_an_interval_around_zero_and_no_pair_is_refused() -> None:
    low, high = paired_difference_interval(PairCounts(43, 0, 0, 0))
    assert low == pytest.approx(-high)
    assert 0.0 < high < 0.1
    with pytest.raises(ConfigError, match="expected at least one"):
        paired_difference_interval(PairCounts(0, 0, 0, 0))


def test_pairs_are_counted() -> None:
    pairs = [(True, True), (True, False), (True, False), (False, True), (False, False)]
    assert count_pairs(pairs) == PairCounts(1, 2, 1, 1)
    assert count_pairs(pairs).n == 5
