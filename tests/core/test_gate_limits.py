# SPDX-License-Identifier: Apache-2.0
"""Nothing outside the limits of place, step and speed passes the gate; what is within does."""

from dataclasses import replace

import numpy as np
from gantry import GRIPPER, LIMITS, START, Bench, is_hold
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.limits import CUBIC_PEAK_FACTOR
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action

MOVE = Action(np.array([0.02, -0.01, -0.03]), 0.1)
ANY_NUMBER = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-1.2, 1.2),
    st.sampled_from([0.0, 1.0]),
)


@given(
    st.lists(ANY_NUMBER, min_size=8, max_size=8),
    st.tuples(*[st.floats(-1.0, 1.0)] * 3, st.floats(-3.0, 3.0)),
)
def test_nothing_outside_the_limits_is_ever_accepted(
    numbers: list[float], joints: tuple[float, ...]
) -> None:
    measured = np.array(joints)
    bench = Bench().ready(measured)
    verdict = bench.gate.check(bench.command(np.array(numbers)), bench.now)
    if not verdict.accepted:
        assert bench.gate.state is GateState.STOPPED
        assert is_hold(verdict, measured)
        return
    assert verdict.motion is not None
    target, duration_s = (
        verdict.motion.trajectory.positions[-1],
        verdict.motion.trajectory.times_s[-1],
    )
    change = target - measured
    low, high = np.array(LIMITS.workspace.low_m), np.array(LIMITS.workspace.high_m)
    if np.any(numbers[:3]):
        assert np.all(target[:3] >= low - LIMITS.workspace_slack_m)
        assert np.all(target[:3] <= high + LIMITS.workspace_slack_m)
    assert np.all(np.abs(change[:3]) <= LIMITS.max_step_m + 1e-6)
    assert np.all(np.abs(target) <= np.array(LIMITS.position_limit_rad) - LIMITS.joint_margin_rad)
    peak = CUBIC_PEAK_FACTOR * np.abs(change) / duration_s
    allowed = LIMITS.joint_speed_fraction * np.array(LIMITS.speed_limit_rad_s)
    assert np.all(peak <= allowed + 1e-9)
    assert CUBIC_PEAK_FACTOR * np.linalg.norm(change[:3]) / duration_s <= 0.25 + 1e-9
    assert 1.0 / 3.0 <= duration_s <= LIMITS.max_step_duration_s
    assert 0.0 <= verdict.motion.opening_m <= GRIPPER.opening_max_m


@given(
    st.tuples(*[st.floats(-0.06, 0.06)] * 3),
    st.floats(-0.5, 0.5),
    st.sampled_from([(False, False), (True, False), (False, True)]),
    st.booleans(),
)
def test_no_sound_command_within_the_limits_is_refused(
    move: tuple[float, ...], yaw: float, jaw: tuple[bool, bool], terminate: bool
) -> None:
    bench = Bench().ready()
    action = Action(np.array(move), yaw, jaw[0], jaw[1], terminate)
    verdict = bench.gate.check(bench.command(action), bench.now)
    assert verdict.accepted, verdict.text
    assert verdict.motion is not None
    duration_s = verdict.motion.trajectory.times_s[-1]
    peak_m_s = CUBIC_PEAK_FACTOR * np.linalg.norm(action.displacement_m) / duration_s
    assert peak_m_s <= LIMITS.tool_speed_limit_m_s + 1e-9
    expected = START + np.array([*move, yaw])
    np.testing.assert_allclose(verdict.motion.trajectory.positions[-1], expected, atol=1e-9)


def test_leaving_the_workspace_is_refused_and_returning_to_it_is_not() -> None:
    edge = np.array([0.69, 0.0, 0.2, 0.0])
    bench = Bench().ready(edge)
    outward = bench.gate.check(bench.command(Action(np.array([0.05, 0, 0]))), bench.now)
    assert outward.reason is GateReason.OUTSIDE_WORKSPACE
    outside = np.array([0.72, 0.0, 0.2, 0.0])
    bench = Bench().ready(outside)
    assert bench.gate.check(bench.command(Action(np.array([-0.05, 0, 0]))), bench.now).accepted


def test_a_flip_of_joints_is_refused_for_its_speed() -> None:
    slow = replace(LIMITS, speed_limit_rad_s=(2.0, 2.0, 2.0, 0.1))
    bench = Bench(slow).ready()
    verdict = bench.gate.check(bench.command(Action(np.zeros(3), 0.4)), bench.now)
    assert verdict.reason is GateReason.JOINT_SPEED


def test_joint_limits_keep_their_margin() -> None:
    bench = Bench().ready(np.array([0.5, 0.0, 0.2, 2.9]))
    verdict = bench.gate.check(bench.command(Action(np.zeros(3), 0.08)), bench.now)
    assert verdict.reason is GateReason.JOINT_LIMIT
    assert "yaw" in verdict.text


def test_home_is_slow_and_refused_during_an_episode() -> None:
    bench = Bench().ready()
    home = np.array([0.4, 0.2, 0.3, 1.0])
    verdict = bench.gate.home(home, bench.now)
    assert verdict.motion is not None
    duration_s = float(verdict.motion.trajectory.times_s[-1])
    peak = CUBIC_PEAK_FACTOR * np.abs(home - START) / duration_s
    assert np.all(peak <= 0.15 * np.array(LIMITS.speed_limit_rad_s) + 1e-9)
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    assert bench.gate.home(home, bench.now).reason is GateReason.BUSY
    assert bench.gate.home(np.full(4, 5.0), bench.now).motion is None
