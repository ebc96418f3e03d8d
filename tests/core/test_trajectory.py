# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.errors import SpecError
from rlcg_core.trajectory import TrajectoryFollower
from rlcg_core.types import ArmTrajectory

ANGLE = st.floats(-3.0, 3.0)
DT_S = 0.004


def point(target: list[float], duration_s: float, smooth: bool = True) -> ArmTrajectory:
    velocities = np.zeros((1, len(target))) if smooth else None
    return ArmTrajectory(np.array([target]), np.array([duration_s]), velocities)


@given(
    st.lists(st.tuples(st.lists(ANGLE, min_size=2, max_size=2), st.floats(0.2, 1.0)), min_size=1),
    st.booleans(),
    st.floats(0.01, 0.5),
)
def test_replacing_never_jumps(
    targets: list[tuple[list[float], float]], smooth: bool, replaced_after_s: float
) -> None:
    follower = TrajectoryFollower(np.zeros(2))
    before = follower.positions.copy()
    for target, duration_s in targets:
        follower.replace(point(target, duration_s, smooth))
        np.testing.assert_array_equal(follower.positions, before)
        for _ in range(int(replaced_after_s / DT_S)):
            after = follower.advance(DT_S)
            # Twice the steepest cubic between points 6 rad apart, entered at its own top speed.
            assert np.max(np.abs(after - before)) < 200.0 * DT_S
            before = after.copy()


@given(st.lists(ANGLE, min_size=3, max_size=3), st.floats(0.1, 2.0), st.booleans())
def test_it_arrives_exactly_in_time_and_stays(
    target: list[float], duration_s: float, smooth: bool
) -> None:
    follower = TrajectoryFollower(np.zeros(3))
    follower.replace(point(target, duration_s, smooth))
    assert follower.remaining_s == pytest.approx(duration_s)
    follower.advance(duration_s)
    np.testing.assert_array_equal(follower.positions, target)
    follower.advance(5.0)
    np.testing.assert_array_equal(follower.positions, target)
    np.testing.assert_array_equal(follower.velocities, 0.0)


@given(ANGLE, st.floats(0.1, 2.0))
def test_a_cubic_from_rest_to_rest_peaks_at_one_and_a_half_times_its_mean_speed(
    target: float, duration_s: float
) -> None:
    follower = TrajectoryFollower(np.zeros(1))
    follower.replace(point([target], duration_s))
    speeds = []
    for _ in range(100):
        follower.advance(duration_s / 101)
        speeds.append(abs(float(follower.velocities[0])))
    assert max(speeds) <= 1.5 * abs(target) / duration_s + 1e-9
    assert max(speeds) >= 1.49 * abs(target) / duration_s


def test_velocity_is_kept_through_a_replacement_with_velocities() -> None:
    follower = TrajectoryFollower(np.zeros(1))
    follower.replace(point([1.0], 1.0))
    follower.advance(0.5)
    speed = float(follower.velocities[0])
    assert speed == pytest.approx(1.5)
    follower.replace(point([0.0], 1.0))
    follower.advance(1e-6)
    assert float(follower.velocities[0]) == pytest.approx(speed, abs=1e-4)


def test_positions_alone_are_joined_by_straight_lines() -> None:
    follower = TrajectoryFollower(np.zeros(1))
    follower.replace(ArmTrajectory(np.array([[1.0], [0.0]]), np.array([1.0, 3.0])))
    assert float(follower.advance(0.25)[0]) == pytest.approx(0.25)
    assert float(follower.advance(1.75)[0]) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "bad",
    [
        ArmTrajectory(np.zeros((1, 3)), np.array([1.0])),
        ArmTrajectory(np.zeros((1, 2)), np.array([0.0])),
        ArmTrajectory(np.zeros((2, 2)), np.array([1.0, 1.0])),
        ArmTrajectory(np.full((1, 2), np.nan), np.array([1.0])),
        ArmTrajectory(np.zeros((1, 2)), np.array([np.inf])),
        ArmTrajectory(np.zeros((1, 2)), np.array([1.0]), np.zeros((1, 3))),
    ],
)
def test_a_bad_trajectory_is_refused_whole_and_the_old_one_kept(bad: ArmTrajectory) -> None:
    follower = TrajectoryFollower(np.zeros(2))
    follower.replace(point([1.0, -1.0], 1.0))
    follower.advance(0.3)
    with pytest.raises(SpecError, match="trajectory"):
        follower.replace(bad)
    follower.advance(0.7)
    np.testing.assert_array_equal(follower.positions, [1.0, -1.0])
