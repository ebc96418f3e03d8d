# SPDX-License-Identifier: Apache-2.0
"""A step that begins on the move takes as long as its speed limits ask for, and no longer."""

import numpy as np
import pytest
from gantry import LIMITS, START, Bench, Gantry

from rlcg_core.limits import step_duration_s
from rlcg_core.running_start import RunningStart
from rlcg_core.trajectory import TrajectoryFollower
from rlcg_core.types import Action, ArmTrajectory

SPEED_M_S = LIMITS.tool_speed_limit_m_s
PERIOD_S = 0.01
FORTH = np.array([SPEED_M_S, 0.0, 0.0, 0.0])


def peak_m_s(change: np.ndarray, speeds: np.ndarray, duration_s: float) -> float:
    """Return the tool's greatest speed on a step, looked at closely."""
    follower = TrajectoryFollower(np.zeros(4))
    follower.velocities = speeds
    follower.replace(ArmTrajectory(change[None], np.array([duration_s]), np.zeros((1, 4))))
    peaks = []
    for _ in range(1000):
        follower.advance(duration_s / 1000)
        peaks.append(float(np.linalg.norm(follower.velocities[:3])))
    return max(peaks)


def from_rest_s(change: np.ndarray) -> float:
    return step_duration_s(float(np.linalg.norm(change[:3])), change, LIMITS)


@pytest.mark.parametrize("turn_deg", range(0, 181, 15))
def test_no_turn_on_the_move_is_faster_than_the_tool_may_be(turn_deg: int) -> None:
    change = np.array([0.06, 0.0, 0.0, 0.0])
    angle = np.deg2rad(turn_deg)
    speeds = SPEED_M_S * np.array([np.cos(angle), np.sin(angle), 0.0, 0.0])
    at_rest_s = from_rest_s(change)
    duration_s = RunningStart(LIMITS, Gantry()).unhurried_s(np.zeros(4), speeds, change, at_rest_s)
    assert peak_m_s(change, speeds, duration_s) <= 1.01 * SPEED_M_S
    assert at_rest_s <= duration_s <= 1.6 * at_rest_s


def test_an_about_turn_would_be_too_fast_in_the_time_of_a_step_from_rest() -> None:
    change, speeds = np.array([0.06, 0.0, 0.0, 0.0]), np.array([-SPEED_M_S, 0.0, 0.0, 0.0])
    assert peak_m_s(change, speeds, from_rest_s(change)) > 1.25 * SPEED_M_S


@pytest.mark.parametrize("speed_m_s", [0.0, 0.1, SPEED_M_S])
def test_a_step_straight_on_takes_no_longer(speed_m_s: float) -> None:
    change, speeds = np.array([0.06, 0.0, 0.0, 0.0]), np.array([speed_m_s, 0.0, 0.0, 0.0])
    at_rest_s = from_rest_s(change)
    start = RunningStart(LIMITS, Gantry())
    duration_s = start.unhurried_s(np.zeros(4), speeds, change, at_rest_s)
    assert duration_s == pytest.approx(at_rest_s, rel=0.03)


def test_the_gate_takes_its_time_when_the_measured_arm_is_on_the_move() -> None:
    back = Action(np.array([-0.06, 0.0, 0.0]))
    standing, moving = Bench().ready(), Bench().ready()
    for i in range(5):
        standing.pass_time(PERIOD_S)
        moving.pass_time(PERIOD_S, START + (i - 4) * PERIOD_S * FORTH)
    durations_s = []
    for bench in (standing, moving):
        motion = bench.gate.check(bench.command(back), bench.now).motion
        assert motion is not None
        durations_s.append(float(motion.trajectory.times_s[-1]))
    assert durations_s[1] > 1.2 * durations_s[0]


def test_joint_states_too_rare_to_tell_a_speed_change_nothing() -> None:
    bench = Bench().ready(START - 0.2 * FORTH)
    bench.pass_time(0.33, START)
    assert np.all(bench.gate.senses.speeds_rad_s == 0.0)
