# SPDX-License-Identifier: Apache-2.0
"""Wilson interval against published values, medians against the definition."""

import statistics as reference

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.errors import ConfigError
from rlcg_core.statistics import median, percentile, wilson_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_matches_the_published_table(
    successes: int, trials: int, low: float, high: float
) -> None:
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_rate_and_mirrors(counts: tuple[int, int]) -> None:
    successes, trials = counts
    low, high = wilson_interval(successes, trials)
    assert 0.0 <= low <= successes / trials <= high <= 1.0
    mirrored = wilson_interval(trials - successes, trials)
    assert mirrored == pytest.approx((1.0 - high, 1.0 - low), abs=1e-12)


def test_no_trials_say_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(2, 1), (-1, 3)])
def test_impossible_counts_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ConfigError, match="expected"):
        wilson_interval(successes, trials)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_median_and_half_percentile(values: list[float]) -> None:
    assert median(values) == pytest.approx(reference.median(values))
    assert percentile(values, 100.0) == max(values)
    assert percentile(values, 50.0) == reference.median_low(values)


def test_no_values_have_no_median() -> None:
    assert median([]) is None
    assert percentile([], 95.0) is None
    with pytest.raises(ConfigError, match="expected"):
        percentile([1.0], 0.0)
