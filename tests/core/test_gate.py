# SPDX-License-Identifier: Apache-2.0
"""What the gate does with commands, joint states, silence and episodes."""

from dataclasses import replace

import numpy as np
import pytest
from gantry import LIMITS, NAMES, START, Bench, is_hold

from rlcg_core.gate_checks import GateError
from rlcg_core.joint_history import Instant
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action, JointSample

MOVE = Action(np.array([0.02, -0.01, -0.03]), 0.1)


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


def test_deactivation_holds_last_and_lets_nothing_pass() -> None:
    bench = Bench().ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    assert is_hold(bench.gate.deactivate(bench.now))
    bench.pass_time(0.1)
    verdict = bench.gate.check(bench.command(MOVE), bench.now)
    assert (verdict.reason, verdict.motion) == (GateReason.NOT_ACTIVE, None)
