# SPDX-License-Identifier: Apache-2.0
"""The gate and its robot: identity, first contact, emergency stop, replays, speed."""

from dataclasses import replace

import numpy as np
import pytest
from gantry import LIMITS, NAMES, START, Bench

from rlcg_core.errors import ConfigError
from rlcg_core.gate_checks import GateError
from rlcg_core.identity import JointRanges, check_description
from rlcg_core.limits import CUBIC_PEAK_FACTOR
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action, JointSample

MOVE = Action(np.array([0.02, -0.01, -0.03]), 0.1)
STOP = Action(np.zeros(3), terminate=True)


def ranges(**changed: tuple[float, ...]) -> JointRanges:
    limit = np.array(LIMITS.position_limit_rad)
    whole = {"low_rad": -limit, "high_rad": limit, "speed_rad_s": LIMITS.speed_limit_rad_s}
    return JointRanges(**{name: np.array(row) for name, row in (whole | changed).items()})


def test_limits_wider_than_the_description_are_refused_by_joint_found_and_expected() -> None:
    check_description(LIMITS, ranges(), "gantry.urdf")
    for changed, words in (
        ({"high_rad": (1.0, 0.9, 1.0, 3.0)}, "y has upper limit 1.0000 rad, expected 0.9000 or"),
        ({"low_rad": (-1.0, -1.0, -0.5, -3.0)}, "z has lower limit -1.0000 rad"),
        ({"speed_rad_s": (2.0, 2.0, 2.0, 2.5)}, "yaw has speed limit 3.0000 rad/s, expected"),
    ):
        with pytest.raises(ConfigError, match=words):
            check_description(LIMITS, ranges(**changed), "gantry.urdf")


@pytest.mark.parametrize(
    ("names", "joints", "words"),
    [
        (NAMES, [0.5, 0.0, 0.2, 0.0], "lacks the gripper's joint 'jaw'"),
        ((*NAMES, "jaw"), [0.5, 1.2, 0.2, 0.0, 0.08], "y stands at 1.200 rad, expected within"),
        (("A1", "A2", "A3", "A4", "jaw"), [0.5, 0.0, 0.2, 0.0, 0.08], "'A1'.*expected.*'yaw'"),
    ],
)
def test_another_robot_is_not_activated(
    names: tuple[str, ...], joints: list[float], words: str
) -> None:
    bench = Bench()
    sample = JointSample(names, np.array(joints), np.zeros(len(names)), bench.now.ros_s)
    bench.gate.observe(sample, bench.now)
    with pytest.raises(GateError, match=words) as violation:
        bench.gate.activate(bench.now)
    bench.gate.await_robot(violation.value)
    assert bench.gate.state is GateState.INACTIVE
    assert bench.gate.reason is violation.value.reason
    assert bench.gate.check(bench.command(MOVE), bench.now).motion is None


def test_a_gripper_without_joint_state_is_allowed_where_the_limits_say_so() -> None:
    bench = Bench(replace(LIMITS, gripper_feedback=False))
    bench.gate.observe(JointSample(NAMES, START, np.zeros(4), bench.now.ros_s), bench.now)
    bench.gate.activate(bench.now)
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted


def test_an_activation_begins_with_a_hold_at_the_measured_pose() -> None:
    elsewhere = START + 0.05
    bench = Bench()
    bench.measure(elsewhere)
    verdict = bench.gate.activate(bench.now)
    assert verdict.motion is not None
    assert verdict.motion.is_hold
    np.testing.assert_array_equal(verdict.motion.trajectory.positions[-1], elsewhere)
    silent = Bench(replace(LIMITS, hold_on_activation=False))
    silent.measure()
    assert silent.gate.activate(silent.now).motion is None


def test_the_first_steps_are_slower_and_a_scale_slows_all() -> None:
    bench = Bench(replace(LIMITS, speed_scale=0.5, ramp_steps=2)).ready()
    durations_s = []
    for _ in range(4):
        bench.pass_time(0.1)
        motion = bench.gate.check(bench.command(MOVE), bench.now).motion
        assert motion is not None
        durations_s.append(float(motion.trajectory.times_s[-1]))
    np.testing.assert_allclose(durations_s, (1.0 / 3.0) / np.array([0.5 / 3, 1.0 / 3, 0.5, 0.5]))
    bench.gate.speed.set_scale(1.0)
    motion = bench.gate.home(START, bench.now).motion
    assert motion is None  # an episode runs
    bench.pass_time(0.1)
    motion = bench.gate.check(bench.command(MOVE), bench.now).motion
    assert motion is not None
    assert motion.trajectory.times_s[-1] == pytest.approx(1.0 / 3.0)
    for wrong in (0.0, 1.5, float("nan")):
        with pytest.raises(ConfigError, match="speed_scale"):
            bench.gate.speed.set_scale(wrong)


def test_a_slow_scale_refuses_nothing_that_is_fine_at_full_speed() -> None:
    bench = Bench(replace(LIMITS, speed_scale=0.05)).ready()
    verdict = bench.gate.check(bench.command(Action(np.array([0.06, 0.0, 0.0]))), bench.now)
    assert verdict.motion is not None
    assert verdict.motion.trajectory.times_s[-1] > LIMITS.max_step_duration_s
    peak = CUBIC_PEAK_FACTOR * 0.06 / verdict.motion.trajectory.times_s[-1]
    assert peak <= 0.05 * LIMITS.tool_speed_limit_m_s + 1e-9


@pytest.mark.parametrize("back", [0, 1])
def test_a_command_that_came_before_is_refused(back: int) -> None:
    bench = Bench().ready()
    sent = []
    for _ in range(2):
        bench.pass_time(0.1)
        sent.append(bench.command(MOVE))
        assert bench.gate.check(sent[-1], bench.now).accepted
    bench.pass_time(0.1)
    fresh = replace(sent[back], stamp_s=bench.now.ros_s, receipt_s=bench.now.monotonic_s)
    verdict = bench.gate.check(fresh, bench.now)
    assert verdict.reason is GateReason.REPLAY
    assert bench.gate.state is GateState.STOPPED
    assert "expected one after step 2" in verdict.text


def test_a_stopped_episode_does_not_go_on_after_the_reset_and_a_new_one_does() -> None:
    bench = Bench().ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    bench.gate.stop("test", bench.now)
    bench.pass_time(1.0)
    assert bench.gate.reset_stop(bench.now).accepted
    assert bench.gate.check(bench.command(MOVE), bench.now).reason is GateReason.REPLAY
    bench.pass_time(1.0)
    assert bench.gate.reset_stop(bench.now).accepted
    bench.episode += 1
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted


def test_a_late_stop_of_an_old_episode_leaves_the_new_one_alone() -> None:
    bench = Bench().ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    stop = bench.command(STOP)
    assert bench.gate.check(stop, bench.now).accepted
    bench.episode += 1
    bench.pass_time(0.1)
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    late = bench.gate.check(stop, bench.now)
    assert (late.reason, late.motion) == (GateReason.REPLAY, None)
    assert bench.gate.state is GateState.READY
    bench.pass_time(0.1)
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted


def test_the_emergency_stop_latches_and_is_not_reset_while_pressed() -> None:
    bench = Bench().ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    verdict = bench.gate.observe_estop(True, bench.now)
    assert verdict.reason is GateReason.EMERGENCY_STOP
    assert verdict.motion is not None
    assert verdict.motion.is_hold
    bench.pass_time(1.0)
    assert not bench.gate.reset_stop(bench.now).accepted
    bench.gate.observe_estop(False, bench.now)
    assert bench.gate.state is GateState.STOPPED
    assert bench.gate.reset_stop(bench.now).accepted


def test_an_activation_waits_for_a_pressed_emergency_stop() -> None:
    bench = Bench()
    bench.measure()
    bench.gate.observe_estop(True, bench.now)
    with pytest.raises(GateError, match="pressed"):
        bench.gate.activate(bench.now)


def test_silence_of_a_required_emergency_stop_stops() -> None:
    bench = Bench(replace(LIMITS, estop_timeout_s=0.2))
    bench.measure()
    with pytest.raises(GateError, match="nothing on estop"):
        bench.gate.activate(bench.now)
    bench.gate.observe_estop(False, bench.now)
    bench.gate.activate(bench.now)
    bench.pass_time(0.15)
    assert bench.gate.poll(bench.now).reason is GateReason.OK
    bench.pass_time(0.1)
    assert bench.gate.poll(bench.now).reason is GateReason.EMERGENCY_STOP


def test_joint_states_from_the_future_stop_the_arm() -> None:
    bench = Bench().ready()
    ahead = JointSample((*NAMES, "jaw"), np.append(START, 0.08), np.zeros(5), bench.now.ros_s + 0.1)
    bench.gate.observe(ahead, bench.now)
    verdict = bench.gate.check(bench.command(MOVE), bench.now)
    assert (verdict.reason, verdict.motion) == (GateReason.STALE_JOINT_STATE, None)
    assert "in the future" in verdict.text


def test_a_joint_range_need_not_be_symmetric() -> None:
    limits = replace(LIMITS, position_low_rad=(-1.0, -1.0, 0.15, -3.0))
    bench = Bench(limits).ready()
    down = bench.gate.check(bench.command(Action(np.array([0.0, 0.0, -0.04]))), bench.now)
    assert down.reason is GateReason.JOINT_LIMIT
    assert "z would go to 0.160 rad, expected within 0.180" in down.text
    with pytest.raises(ConfigError, match="without limits nothing moves"):
        replace(LIMITS, position_low_rad=(-1.0,))
