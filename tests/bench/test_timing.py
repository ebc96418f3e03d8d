# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_bench.timing import median_interval, summarize
from rlcg_core.errors import ConfigError


@pytest.mark.parametrize(
    ("n", "ranks"), [(6, (1, 6)), (10, (2, 9)), (15, (4, 12)), (20, (6, 15)), (50, (18, 33))]
)
def test_the_interval_has_the_ranks_of_the_textbook(n: int, ranks: tuple[int, int]) -> None:
    assert median_interval([float(k) for k in range(n, 0, -1)]) == ranks


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_values_have_no_interval(n: int) -> None:
    assert summarize([1.0] * n).interval_95 is None


def test_the_interval_covers_the_true_median_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(2000):
        found = median_interval(rng.exponential(size=15).tolist())
        assert found is not None
        hits += found[0] <= np.log(2.0) <= found[1]
    assert 0.95 < hits / 2000 < 0.98  # 96.5% by the binomial


@given(st.lists(st.floats(0.1, 1e6), min_size=6, max_size=60))
def test_median_and_smallest_lie_in_order(values: list[float]) -> None:
    found = summarize(values)
    assert found.interval_95 is not None
    low, high = found.interval_95
    assert found.minimum <= low <= found.median <= high
    assert found.n == len(values)


def test_nothing_has_no_summary() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        summarize([])
