# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.errors import InputError
from rlcg_core.joint_history import JointHistory
from rlcg_core.types import JointSample


def sample(stamp_s: float, position: float, names: tuple[str, ...] = ("a", "b")) -> JointSample:
    return JointSample(names, np.array([position, -position]), np.zeros(2), stamp_s)


@given(st.floats(0.0, 1.0))
def test_positions_between_samples_are_interpolated(stamp_s: float) -> None:
    history = JointHistory(("a", "b"))
    for i in range(11):
        history.add(sample(0.1 * i, 0.1 * i), 0.0)
    np.testing.assert_allclose(history.at(stamp_s, 0.1), [stamp_s, -stamp_s], atol=1e-12)


def test_joints_are_matched_by_name() -> None:
    history = JointHistory(("a", "b"))
    history.add(sample(1.0, 0.3, ("b", "a")), 0.0)
    np.testing.assert_array_equal(history.latest_rad, [-0.3, 0.3])


@pytest.mark.parametrize("stamp_s", [0.79, 2.31, 1.5])
def test_a_time_without_a_near_sample_raises(stamp_s: float) -> None:
    history = JointHistory(("a", "b"))
    history.add(sample(1.0, 0.1), 0.0)
    history.add(sample(2.1, 0.1), 0.0)
    with pytest.raises(InputError, match="no joint state measured at"):
        history.at(stamp_s, 0.2)


def test_a_clock_that_goes_back_forgets_the_past() -> None:
    history = JointHistory(("a", "b"))
    history.add(sample(50.0, 0.1), 0.0)
    history.add(sample(2.0, 0.2), 1.0)
    assert (len(history), history.stamp_s) == (1, 2.0)


def test_a_repeated_stamp_replaces_and_proves_freshness() -> None:
    history = JointHistory(("a", "b"))
    history.add(sample(1.0, 0.1), 5.0)
    history.add(sample(1.0, 0.2), 6.0)
    assert (len(history), history.receipt_s) == (1, 6.0)
    np.testing.assert_array_equal(history.latest_rad, [0.2, -0.2])


def test_a_bad_sample_is_remembered_until_a_good_one_comes() -> None:
    history = JointHistory(("a", "b"))
    with pytest.raises(InputError, match="lacks"):
        history.add(sample(1.0, 0.1, ("a", "c")), 0.0)
    assert "lacks ['b']" in history.problem
    history.add(sample(1.1, 0.1), 0.0)
    assert history.problem == ""
