# SPDX-License-Identifier: Apache-2.0
"""The episode ends for the right reason and acts once per frame."""

import math
from dataclasses import replace

import numpy as np
import pytest
from loop_rig import MOVE, PERIOD_S, Rig, Scripted, end_of

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import InputError
from rlcg_core.freshness import Problem
from rlcg_core.grasp_loop import Act, Wait
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_core.types import Action, Decision, Observation


def test_a_terminating_action_is_sent_and_ends_the_episode() -> None:
    rig = Rig(Scripted([MOVE, MOVE, replace(MOVE, terminate=True)]))
    acts = [rig.frame() for _ in range(3)]
    assert [act.step for act in acts if isinstance(act, Act)] == [0, 1, 2]
    end = end_of(rig, rig.step(), Reason.POLICY_TERMINATED)
    assert (end.steps, end.last_q, end.stop) == (3, 0.8, None)


def test_a_command_carries_the_stamp_of_the_image_it_was_decided_on() -> None:
    rig = Rig()
    rig.pass_time()
    rig.sense()
    stamp_s = rig.now.ros_s
    rig.pass_time(0.2)
    act = rig.step()
    assert isinstance(act, Act)
    assert act.stamp_s == stamp_s
    assert rig.policy.seen[0].stamp_s == stamp_s


def test_one_frame_is_decided_on_once() -> None:
    rig = Rig()
    rig.frame()
    assert isinstance(rig.step(), Wait)
    assert isinstance(rig.step(), Wait)
    assert len(rig.policy.seen) == 1


def test_a_frame_before_its_time_is_not_decided_on() -> None:
    rig = Rig(period_s=2 * PERIOD_S)
    kinds = [type(rig.frame()) for _ in range(6)]
    assert kinds == [Act, Wait, Act, Wait, Act, Wait]


def test_a_frame_of_before_the_goal_is_awaited_past() -> None:
    rig = Rig(not_before_s=100.0 + 2.5 * PERIOD_S)
    assert [type(rig.frame()) for _ in range(4)] == [Wait, Wait, Act, Act]


def test_the_seed_reaches_the_policy() -> None:
    assert Rig().policy.seeds == [7]


def test_the_observation_is_of_the_measured_tool() -> None:
    rig = Rig()
    rig.frame()
    seen = rig.policy.seen[0]
    np.testing.assert_allclose(seen.tool_pose.position_m, [0.6, 0.0, 0.2])
    assert seen.height_above_tray_m == pytest.approx(0.2 - ROBOT1.bin.floor_z_m)
    assert not seen.gripper_closed


def test_the_gripper_flag_follows_the_commands() -> None:
    closing, opening = Action(np.zeros(3), close=True), Action(np.zeros(3), open=True)
    rig = Rig(Scripted([closing, MOVE, opening, MOVE]))
    for _ in range(4):
        rig.frame()
    assert [seen.gripper_closed for seen in rig.policy.seen] == [False, True, True, False]


def test_a_gripper_measured_closed_is_seen_closed() -> None:
    rig = Rig()
    rig.joints = rig.fresh_joints(np.array([0.6, 0, 0.2, 0, 0, 0, 0]), opening_m=0.01)
    rig.frame()
    assert rig.policy.seen[0].gripper_closed


def test_steps_and_time_are_limited_and_the_stop_is_the_last_message() -> None:
    rig = Rig(max_steps=2)
    rig.frame()
    assert rig.image is not None
    rig.frame()
    result, stamp_s = rig.frame(), rig.image.stamp_s
    end = end_of(rig, result, Reason.STEP_LIMIT)
    assert end.steps == 2
    assert end.stop is not None
    assert (end.stop.step, end.stop.stamp_s) == (2, stamp_s)
    np.testing.assert_array_equal(end.stop.decision.action.to_array(), [0, 0, 0, 0, 1, 0, 0, 1])

    rig = Rig(max_duration_s=1.0)
    results = [rig.frame() for _ in range(5)]
    assert end_of(rig, results[-1], Reason.TIME_LIMIT).stop is not None


def test_a_clock_that_is_heard_only_after_the_start_does_not_use_up_the_time() -> None:
    rig = Rig(max_duration_s=60.0)
    rig.pass_time(ros_s=500.0, wall_s=0.1)
    rig.sense()
    assert isinstance(rig.step(), Act)


def test_a_dry_run_ends_without_another_frame_or_a_stop() -> None:
    rig = Rig(max_steps=1, dry_run=True)
    assert isinstance(rig.frame(), Act)
    assert rig.loop.ended is not None
    assert end_of(rig, rig.step(), Reason.STEP_LIMIT).stop is None


def test_low_confidence_moves_nothing() -> None:
    rig = Rig(Scripted(q=0.2), q_min=0.3)
    assert end_of(rig, rig.frame(), Reason.LOW_CONFIDENCE).stop is None
    rig = Rig(Scripted(q=math.nan))
    end_of(rig, rig.frame(), Reason.LOW_CONFIDENCE)


def test_a_fault_of_the_policy_ends_the_episode() -> None:
    class Broken(Scripted):
        def decide(self, observation: Observation) -> Decision:
            raise InputError("Q is not finite")

    rig = Rig(Broken())
    assert "not finite" in end_of(rig, rig.frame(), Reason.POLICY_FAULT).text


def test_a_closed_gate_is_awaited_and_then_ends_the_episode() -> None:
    rig, closed = Rig(wait_for_sensors_s=1.0), Problem(Reason.GATE_STOPPED, "arm_node is not ready")
    rig.sense()
    assert isinstance(rig.loop.step(rig.image, rig.joints, rig.now, closed=closed), Wait)
    rig.pass_time(1.1)
    rig.sense()
    result = rig.loop.step(rig.image, rig.joints, rig.now, closed=closed)
    assert end_of(rig, result, Reason.GATE_STOPPED).stop is None
    assert not rig.policy.seen


def test_a_slow_decision_is_not_silence() -> None:
    rig = Rig(period_s=0.1)
    assert isinstance(rig.frame(), Act)
    rig.pass_time(2.0)
    rig.loop.commanded(rig.now)
    assert isinstance(rig.step(), Wait)
    rig.pass_time(0.7)
    assert isinstance(rig.step(), Wait)
    rig.pass_time(0.2)
    end_of(rig, rig.step(), Reason.STALE_IMAGE)


@pytest.mark.parametrize(("period_s", "verdict"), [(0.1, Wait), (0.0, Act)])
def test_only_in_real_time_a_frame_that_came_during_a_decision_is_passed_over(
    period_s: float, verdict: type
) -> None:
    rig = Rig(period_s=period_s)
    assert isinstance(rig.frame(), Act)
    rig.pass_time(0.2)
    rig.sense()
    rig.pass_time(0.2)
    rig.loop.commanded(rig.now)
    assert isinstance(rig.step(), verdict)
    assert isinstance(rig.frame(), Act)


def test_a_stop_from_outside_ends_at_once_and_once() -> None:
    rig = Rig()
    rig.frame()
    end = rig.loop.stop(Reason.CANCELLED, "cancelled")
    assert end.stop is not None
    assert rig.loop.stop(Reason.SHUTDOWN, "later") is end
    end_of(rig, rig.step(), Reason.CANCELLED)


def test_a_stop_before_the_first_command_sends_nothing() -> None:
    assert Rig().loop.stop(Reason.CANCELLED, "").stop is None
    rig = Rig(dry_run=True)
    rig.frame()
    assert rig.loop.stop(Reason.CANCELLED, "").stop is None


def test_no_command_leads_out_of_the_workspace() -> None:
    rig = Rig(Scripted([Action(np.array([0.06, 0.06, -0.06]))]))
    box = ROBOT1.workspace
    at_m = np.array(box.high_m) - [0.02, -0.05, box.high_m[2] - box.low_m[2] - 0.01]
    rig.joints = rig.fresh_joints(np.array([*at_m, 0, 0, 0, 0]))
    act = rig.frame()
    assert isinstance(act, Act)
    moved_m = act.decision.action.displacement_m
    np.testing.assert_allclose(moved_m, [0.02, 0.0, -0.01], atol=1e-9)
