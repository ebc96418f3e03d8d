# SPDX-License-Identifier: Apache-2.0
"""A mobile base: its places, how it drives, and the gate that lets it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rlcg_core.base_drive import ARRIVED_M, ARRIVED_RAD, twist_towards
from rlcg_core.base_gate import BaseGate, BaseLimits
from rlcg_core.base_pose import AT_HOME, PLACES, BasePose, draw_base_pose, places
from rlcg_core.base_watch import STILL, BaseTwist, Odometry
from rlcg_core.cell import ROBOT1, ROBOT2
from rlcg_core.errors import WorldError
from rlcg_core.gate_checks import GateError
from rlcg_core.joint_history import Instant
from rlcg_core.reasons import GateReason, GateState

BASE = ROBOT2.base
assert BASE is not None
LIMITS = BaseLimits(BASE)
GOAL = BasePose(0.2, -0.1, 0.15)


class Bench:
    """A base that does what it is told, before its gate; an arm's gate that is ready."""

    def __init__(self, limits: BaseLimits = LIMITS) -> None:
        self.gate, self.now_s = BaseGate(limits), 10.0
        self.pose, self.twist = AT_HOME, STILL
        self.gate.note_arm(GateState.READY)
        self.tell()

    @property
    def now(self) -> Instant:
        return Instant(self.now_s, self.now_s)

    def tell(self, twist: BaseTwist | None = None) -> None:
        self.gate.note_odometry(Odometry(self.pose, twist or self.twist, self.now_s), self.now)

    def roll(self, period_s: float = 0.05) -> BaseTwist:
        """Do what the gate says for a while."""
        self.twist = self.gate.next_twist(self.now)
        self.now_s += period_s
        ahead_m, left_m = self.twist.ahead_m_s * period_s, self.twist.left_m_s * period_s
        self.pose = self.pose.moved(BasePose(ahead_m, left_m, self.twist.turn_rad_s * period_s))
        self.tell()
        return self.twist


def test_a_point_seen_from_a_base_moves_against_it() -> None:
    pose = BasePose(0.1, 0.2, math.pi / 2)
    np.testing.assert_allclose(pose.seen_from_base([(0.1, 0.5)]), [[0.3, 0.0]], atol=1e-12)
    there = pose.moved(BasePose(0.3, 0.0, 0.1))
    assert (there.x_m, there.y_m) == pytest.approx((0.1, 0.5))
    assert there.yaw_rad == pytest.approx(math.pi / 2 + 0.1)


@pytest.mark.parametrize("place", PLACES)
def test_a_named_place_is_drawn_around_its_bins_and_repeats_with_its_seed(place: str) -> None:
    drawn = [draw_base_pose(seed, ROBOT2, place) for seed in range(200)]
    assert drawn[7] == draw_base_pose(7, ROBOT2, place)
    along = np.array([pose.y_m for pose in drawn]) - PLACES[place] * ROBOT2.bin.pitch_m
    assert 0.8 * BASE.jitter_m < np.abs(along).max() <= BASE.jitter_m
    assert 0.8 * BASE.jitter_rad < max(abs(p.yaw_rad) for p in drawn) <= BASE.jitter_rad


def test_without_a_name_a_base_comes_anywhere_before_the_bins() -> None:
    along = np.array([draw_base_pose(seed, ROBOT2, "").y_m for seed in range(300)])
    reach_m = ROBOT2.bin.pitch_m + BASE.jitter_m
    assert np.abs(along).max() <= reach_m
    assert np.histogram(along, bins=4, range=(-reach_m, reach_m))[0].min() > 40


def test_a_fixed_robot_has_one_place() -> None:
    assert places(ROBOT1) == ("", "centre")
    assert draw_base_pose(3, ROBOT1, "centre") == AT_HOME
    with pytest.raises(WorldError, match=r"left.*robot1 has.*choose a protocol for one bin"):
        draw_base_pose(3, ROBOT1, "left")


def test_a_drive_arrives_within_its_limits_and_its_last_twist_is_zero() -> None:
    bench = Bench()
    bench.gate.drive_to(GOAL, bench.now)
    assert bench.gate.state is GateState.HOLDING
    twists = []
    while bench.gate.driving:
        twists.append(bench.roll())
        assert len(twists) < 200
    assert twists[-1] == STILL
    assert max(twist.speed_m_s for twist in twists) <= BASE.speed_limit_m_s + 1e-9
    assert max(abs(twist.turn_rad_s) for twist in twists) <= BASE.turn_limit_rad_s + 1e-9
    left = bench.pose.seen_from_base([(GOAL.x_m, GOAL.y_m)])
    assert np.hypot(*left[0]) < ARRIVED_M
    assert abs(bench.pose.yaw_rad - GOAL.yaw_rad) < ARRIVED_RAD
    assert (bench.gate.state, bench.gate.reason) == (GateState.READY, GateReason.OK)
    assert bench.roll() == STILL


def test_every_drive_ends_from_everywhere() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        at, goal = (BasePose(*rng.uniform(-1, 1, 2), rng.uniform(-3, 3)) for _ in range(2))
        steps = 0
        while (twist := twist_towards(goal, at, BASE)) != STILL:
            step = BasePose(*(0.1 * v for v in vars(twist).values()))
            at, steps = at.moved(step), steps + 1
            assert steps < 400, (goal, at)


@pytest.mark.parametrize("late", [1, 3])
def test_a_base_that_answers_late_comes_to_rest_too(late: int) -> None:
    bench, told = Bench(), [STILL] * late
    bench.gate.drive_to(GOAL, bench.now)
    for _ in range(300):
        told.append(bench.gate.next_twist(bench.now))
        bench.now_s += 0.05
        bench.twist = told[-1 - late]
        step = BasePose(*(0.05 * value for value in vars(bench.twist).values()))
        bench.pose = bench.pose.moved(step)
        bench.tell()
    assert not bench.gate.driving
    assert bench.gate.state is GateState.READY


def test_an_episode_and_a_drive_lock_each_other_out() -> None:
    bench = Bench()
    bench.gate.note_command("e1", ends=False)
    with pytest.raises(GateError, match="episode e1 runs") as refused:
        bench.gate.drive_to(GOAL, bench.now)
    assert refused.value.reason is GateReason.EPISODE_RUNS
    assert bench.gate.state is GateState.READY
    bench.gate.note_command("e1", ends=True)
    bench.gate.drive_to(GOAL, bench.now)
    assert bench.roll() != STILL
    bench.gate.note_command("e2", ends=False)
    assert bench.roll() == STILL
    assert (bench.gate.state, bench.gate.reason) == (GateState.STOPPED, GateReason.EPISODE_RUNS)


def test_an_episode_whose_arm_was_stopped_is_over() -> None:
    bench = Bench()
    bench.gate.note_command("e1", ends=False)
    bench.gate.note_arm(GateState.STOPPED)
    bench.gate.drive_to(GOAL, bench.now)
    assert bench.gate.driving


def test_without_an_arms_gate_nothing_drives() -> None:
    bench = Bench()
    alone = BaseGate(LIMITS)
    alone.note_odometry(Odometry(AT_HOME, STILL, bench.now_s), bench.now)
    with pytest.raises(GateError, match="no gate_status") as refused:
        alone.drive_to(GOAL, bench.now)
    assert refused.value.reason is GateReason.NOT_ACTIVE


def _silence(bench: Bench) -> None:
    bench.now_s += LIMITS.max_odometry_age_s + 0.01


def _runaway(bench: Bench) -> None:
    bench.tell(BaseTwist(0.0, -1.6 * BASE.speed_limit_m_s, 0.0))


def _nonsense(bench: Bench) -> None:
    bench.tell(BaseTwist(float("nan"), 0.0, 0.0))


def _blocked(bench: Bench) -> None:
    bench.now_s += LIMITS.max_drive_s + 1.0
    bench.tell()


def _button(bench: Bench) -> None:
    bench.gate.estop.note(True, bench.now_s)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (_silence, GateReason.STALE_ODOMETRY),
        (_nonsense, GateReason.STALE_ODOMETRY),
        (_runaway, GateReason.BASE_LOST),
        (_blocked, GateReason.BASE_LOST),
        (_button, GateReason.EMERGENCY_STOP),
    ],
)
def test_a_fault_stops_the_drive_and_latches(fault: object, reason: GateReason) -> None:
    bench = Bench()
    bench.gate.drive_to(GOAL, bench.now)
    assert bench.roll() != STILL
    fault(bench)
    assert bench.gate.next_twist(bench.now) == STILL
    assert (bench.gate.state, bench.gate.reason) == (GateState.STOPPED, reason)
    with pytest.raises(GateError, match="call ~/reset_stop"):
        bench.gate.drive_to(GOAL, bench.now)


def test_a_stop_is_released_by_people_only_and_only_while_all_is_well() -> None:
    bench = Bench()
    bench.gate.drive_to(GOAL, bench.now)
    bench.gate.stop(GateReason.OPERATOR_STOP, "stopped", bench.now)
    assert "try again in" in bench.gate.reset_stop(bench.now)
    bench.now_s += 1.0
    assert "odom is 1.0" in bench.gate.reset_stop(bench.now)
    bench.tell(BaseTwist(0.1, 0.0, 0.0))
    assert "the base moves" in bench.gate.reset_stop(bench.now)
    bench.tell(STILL)
    assert bench.gate.reset_stop(bench.now) == ""
    assert bench.gate.state is GateState.READY
    assert not bench.gate.driving


def test_odometry_from_the_future_is_not_trusted() -> None:
    bench = Bench(replace(LIMITS, max_future_s=0.02))
    bench.gate.note_odometry(Odometry(AT_HOME, STILL, bench.now_s + 0.1), bench.now)
    with pytest.raises(GateError, match=r"by its stamp -0\.1"):
        bench.gate.drive_to(GOAL, bench.now)
