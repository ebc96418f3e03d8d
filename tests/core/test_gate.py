# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from gantry import GRIPPER, LIMITS, NAMES, START, Bench
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.gate_checks import GateError
from rlcg_core.joint_history import Instant
from rlcg_core.limits import CUBIC_PEAK_FACTOR
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action, JointSample
from rlcg_core.verdict import Verdict

MOVE = Action(np.array([0.02, -0.01, -0.03]), 0.1)
ANY_NUMBER = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-1.2, 1.2),
    st.sampled_from([0.0, 1.0]),
)


def is_hold(verdict: Verdict, joints: np.ndarray = START) -> bool:
    motion = verdict.motion
    return motion is not None and np.array_equal(motion.trajectory.positions, joints[None])


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


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stamp_s": 110.0 - 0.6}, GateReason.STALE_STAMP),
        ({"stamp_s": 110.0 + 0.1}, GateReason.FUTURE_STAMP),
        ({"stamp_s": float("nan")}, GateReason.NOT_FINITE),
        ({"receipt_s": 10.0 - 0.6}, GateReason.STALE_RECEIPT),
        ({"spec_fingerprint": "0123456789abcdef"}, GateReason.SPEC_MISMATCH),
        ({"spec_fingerprint": ""}, GateReason.SPEC_MISMATCH),
        ({"frame_id": "camera_optical_frame"}, GateReason.WRONG_FRAME),
        ({"frame_id": ""}, GateReason.WRONG_FRAME),
        ({"action": np.full(8, np.nan)}, GateReason.NOT_FINITE),
        ({"action": np.zeros(7)}, GateReason.SPEC_MISMATCH),
        ({"action": np.array([0.07, 0, 0, 0, 1, 0, 0, 0])}, GateReason.STEP_TOO_LARGE),
        ({"action": np.array([0, 0, 0, 0.8, 0.6, 0, 0, 0])}, GateReason.STEP_TOO_LARGE),
        ({"action": np.array([0, 0, 0, 0.0, 0.5, 0, 0, 0])}, GateReason.SPEC_MISMATCH),
        ({"action": np.array([0, 0, 0, 0.0, 1, 1, 1, 0])}, GateReason.SPEC_MISMATCH),
    ],
)
def test_a_bad_command_stops_the_arm_with_its_reason(
    changes: dict[str, object], reason: GateReason
) -> None:
    bench = Bench().ready()
    verdict = bench.gate.check(bench.command(MOVE, **changes), bench.now)
    assert (verdict.reason, bench.gate.state) == (reason, GateState.STOPPED)
    assert is_hold(verdict)
    assert "expected" in verdict.text or "at fault" in verdict.text
    bench.pass_time(0.1)
    again = bench.gate.check(bench.command(MOVE), bench.now)
    assert (again.reason, again.motion) == (GateReason.LATCHED, None)


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


def test_the_displacement_counts_from_where_the_arm_was_when_the_image_was_taken() -> None:
    bench = Bench().ready()
    stamp_s = bench.now.ros_s
    drifted = START + np.array([0.01, 0.0, 0.0, 0.0])
    bench.pass_time(0.1, drifted)
    verdict = bench.gate.check(bench.command(MOVE, stamp_s=stamp_s), bench.now)
    assert verdict.motion is not None
    np.testing.assert_allclose(
        verdict.motion.trajectory.positions[-1], START + np.array([0.02, -0.01, -0.03, 0.1])
    )


def test_an_image_is_acted_on_once() -> None:
    bench = Bench().ready()
    command = bench.command(MOVE)
    assert bench.gate.check(command, bench.now).accepted
    again = replace(command, step=command.step + 1)
    assert bench.gate.check(again, bench.now).reason is GateReason.STALE_STAMP


def test_a_terminating_hold_passes_however_old_its_image() -> None:
    bench = Bench().ready()
    command = bench.command(MOVE)
    assert bench.gate.check(command, bench.now).accepted
    bench.pass_time(0.9)
    stop = replace(command, action=Action(np.zeros(3), terminate=True).to_array(), step=9)
    verdict = bench.gate.check(stop, bench.now)
    assert verdict.accepted
    assert is_hold(verdict)
    bench.pass_time(5.0)
    assert bench.gate.poll(bench.now).reason is GateReason.OK


@pytest.mark.parametrize(
    ("names", "positions", "reason"),
    [
        (NAMES, [0.5, 0.0, float("nan"), 0.0], GateReason.BAD_JOINT_STATE),
        (NAMES[:3], [0.5, 0.0, 0.2], GateReason.BAD_JOINT_STATE),
        (("A1", "A2"), [0.5, 0.0], GateReason.BAD_JOINT_STATE),
        ((), [], GateReason.NO_JOINT_STATE),
    ],
)
def test_without_sound_joint_states_nothing_moves(
    names: tuple[str, ...], positions: list[float], reason: GateReason
) -> None:
    bench = Bench()
    sample = JointSample(names, np.array(positions), np.zeros(len(names)), bench.now.ros_s)
    bench.gate.observe(sample, bench.now)
    with pytest.raises(GateError) as violation:
        bench.gate.activate(bench.now)
    assert violation.value.reason is reason
    assert bench.gate.check(bench.command(MOVE), bench.now).reason is GateReason.NOT_ACTIVE
    bench.ready()
    bench.gate.observe(replace(sample, stamp_s=bench.now.ros_s + 0.01), bench.now)
    verdict = bench.gate.check(bench.command(MOVE), bench.now)
    if reason is not GateReason.NO_JOINT_STATE and set(names) & set(NAMES):
        assert (verdict.reason, verdict.motion) == (reason, None)


def test_stale_joint_states_stop_and_send_no_hold_at_an_outdated_pose() -> None:
    for ros_s, monotonic_s in ((0.6, 0.0), (0.0, 0.6)):
        bench = Bench().ready()
        now = replace(
            bench.now, ros_s=bench.now.ros_s + ros_s, monotonic_s=bench.monotonic_s + monotonic_s
        )
        command = bench.command(MOVE, stamp_s=now.ros_s, receipt_s=now.monotonic_s)
        verdict = bench.gate.check(command, now)
        assert (verdict.reason, verdict.motion) == (GateReason.STALE_JOINT_STATE, None)


def test_a_gripper_driver_of_its_own_does_not_disturb_the_arm() -> None:
    bench = Bench().ready()
    bench.gate.observe(JointSample(("jaw",), np.array([0.03]), np.zeros(1), 110.0), bench.now)
    verdict = bench.gate.check(bench.command(MOVE), bench.now)
    assert verdict.motion is not None
    assert verdict.motion.opening_m == pytest.approx(0.03)


def test_silence_within_an_episode_stops_the_arm_and_between_episodes_does_not() -> None:
    bench = Bench().ready()
    bench.pass_time(60.0)
    assert bench.gate.poll(bench.now).reason is GateReason.OK
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    bench.pass_time(0.99)
    assert bench.gate.poll(bench.now).reason is GateReason.OK
    bench.pass_time(0.02)
    verdict = bench.gate.poll(bench.now)
    assert verdict.reason is GateReason.DEADMAN
    assert is_hold(verdict)
    assert bench.gate.poll(bench.now).motion is None


def test_in_simulated_time_silence_counts_only_while_that_time_passes() -> None:
    bench = Bench(replace(LIMITS, deadman_in_ros_time=True)).ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    ros_s = bench.now.ros_s
    for monotonic_s, simulated_s, reason in (
        (30.0, 0.0, GateReason.OK),
        (60.0, 0.9, GateReason.OK),
        (61.0, -50.0, GateReason.OK),
        (62.0, -49.5, GateReason.OK),
        (63.0, -48.9, GateReason.DEADMAN),
    ):
        now = Instant(ros_s + simulated_s, monotonic_s)
        positions = np.append(START, 0.08)
        bench.gate.observe(JointSample((*NAMES, "jaw"), positions, np.zeros(5), now.ros_s), now)
        assert bench.gate.poll(now).reason is reason


def test_a_hold_keeps_the_jaw_closed_on_what_it_holds() -> None:
    bench = Bench().ready()
    assert bench.gate.check(bench.command(Action(np.zeros(3), close=True)), bench.now).accepted
    bench.pass_time(0.5)
    bench.measure(START, jaw_m=0.03)
    verdict = bench.gate.stop("test", bench.now)
    assert verdict.motion is not None
    assert verdict.motion.opening_m == 0.0


def test_a_new_episode_begins_with_the_jaw_as_it_is() -> None:
    bench = Bench().ready()
    assert bench.gate.check(bench.command(Action(np.zeros(3), close=True)), bench.now).accepted
    bench.pass_time(0.1)
    assert bench.gate.check(bench.command(Action.hold()), bench.now).accepted
    ending = bench.command(Action(np.zeros(3), terminate=True))
    assert bench.gate.check(ending, bench.now).accepted
    bench.pass_time(0.1)
    bench.episode += 1
    verdict = bench.gate.check(bench.command(MOVE), bench.now)
    assert verdict.motion is not None
    assert verdict.motion.opening_m == pytest.approx(0.08)


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


def test_deactivation_holds_last_and_lets_nothing_pass() -> None:
    bench = Bench().ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    assert is_hold(bench.gate.deactivate(bench.now))
    bench.pass_time(0.1)
    verdict = bench.gate.check(bench.command(MOVE), bench.now)
    assert (verdict.reason, verdict.motion) == (GateReason.NOT_ACTIVE, None)


EVENTS = ("activate", "deactivate", "good", "bad", "silence", "stop", "reset soon", "reset later")


@pytest.mark.parametrize("first", EVENTS)
def test_in_every_order_of_events_only_a_ready_gate_lets_pass(first: str) -> None:
    for rest in product(EVENTS, repeat=3):
        bench, active, latched_s, running = Bench(), False, None, False
        bench.measure()
        for event in (first, *rest):
            bench.pass_time(0.05)
            accepted = _apply(bench, event)
            may_pass = active and latched_s is None
            assert accepted == (event == "good" and may_pass), (first, rest, event)
            if event == "activate":
                active, latched_s, running = True, None, False
            elif event == "deactivate":
                active, latched_s, running = False, None, False
            elif event == "good" and may_pass:
                running = True
            elif event.startswith("reset") and latched_s is not None:
                waited = bench.monotonic_s - latched_s >= LIMITS.reset_cooldown_s
                latched_s = None if waited else latched_s
            elif may_pass and (event in ("bad", "stop") or (event == "silence" and running)):
                latched_s, running = bench.monotonic_s, False
            assert (bench.gate.state is GateState.STOPPED) == (latched_s is not None)
            assert (bench.gate.state is GateState.INACTIVE) == (not active)


def _apply(bench: Bench, event: str) -> bool:
    gate = bench.gate
    if event == "activate" and gate.state is not GateState.INACTIVE:
        gate.deactivate(bench.now)
    if event == "activate":
        bench.episode += 1
        gate.activate(bench.now)
    elif event == "deactivate":
        gate.deactivate(bench.now)
    elif event == "good":
        return gate.check(bench.command(Action(np.array([0.01, 0, 0]))), bench.now).accepted
    elif event == "bad":
        return gate.check(bench.command(MOVE, frame_id="?"), bench.now).accepted
    elif event == "silence":
        bench.pass_time(1.5)
        gate.poll(bench.now)
    elif event == "stop":
        gate.stop("test", bench.now)
    else:
        bench.pass_time(0.6 if event == "reset later" else 0.0)
        gate.reset_stop(bench.now)
        bench.episode += 1
    return False
