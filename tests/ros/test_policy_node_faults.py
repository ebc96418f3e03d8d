# SPDX-License-Identifier: Apache-2.0
"""policy_node moves nothing on bad input, names what is wrong, and stops the arm last."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from mock_cell import POLICY, SLOW_S, MockCell, is_stop
from processes import NodeProcess, parameters
from std_srvs.srv import Trigger

from rlcg_core.reasons import TerminationReason as Reason
from rlcg_ros import qos
from rlcg_ros.conversions import stamp_to_s

# For a second cell beside the one that all tests share.
OTHER_DOMAIN = 1 + os.getpid() % 10


@pytest.mark.parametrize(
    ("fault", "reasons", "text"),
    [
        ({"image_encoding": "yuv422_yuy2"}, {Reason.BAD_IMAGE}, "encoding is 'yuv422_yuy2'"),
        ({"image_shrink": 2}, {Reason.BAD_IMAGE}, "320"),
        ({"image_drop": 1.0}, {Reason.NO_IMAGE, Reason.STALE_IMAGE}, "image"),
        ({"joints_silent": True}, {Reason.NO_JOINT_STATE, Reason.STALE_JOINT_STATE}, "joint"),
    ],
)
def test_bad_input_moves_nothing_and_is_named(
    cell: MockCell, model: Path, fault: dict, reasons: set[Reason], text: str
) -> None:
    cell.fault(**fault)
    policy = cell.start_policy(model)  # it has never seen anything good
    try:
        reason, result = cell.grasp(seed=1)
    finally:
        policy.end()
    assert reason in reasons
    assert text in result.text
    assert not cell.commands


def test_without_a_gate_nothing_is_decided(tmp_path: Path, model: Path) -> None:
    with MockCell(tmp_path, gate=False, domain=OTHER_DOMAIN) as cell:
        cell.start_policy(model, wait_for_sensors_s=1.0)
        reason, result = cell.grasp(seed=1)
        assert reason is Reason.GATE_STOPPED
        assert "start arm_node" in result.text
        assert not cell.commands


def test_in_real_time_the_loop_keeps_its_rate_and_says_when_it_cannot(
    tmp_path: Path, model: Path
) -> None:
    with MockCell(tmp_path, lockstep=False, domain=OTHER_DOMAIN) as cell:
        cell.listen(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        slow = cell.start_policy(model, lockstep=False, rate_hz=4.0)
        cell.ready()
        reason, result = cell.grasp(seed=1, max_steps=8)
        assert reason in (Reason.POLICY_TERMINATED, Reason.STEP_LIMIT)
        assert result.steps >= 8
        stamps = [stamp_to_s(command.header.stamp) for command in cell.commands]
        assert np.all(np.diff(stamps[:-1]) > 0.0)
        assert np.median(np.diff(stamps[:-1])) == pytest.approx(0.25, abs=0.15)
        assert loop_status(cell).level == DiagnosticStatus.OK
        slow.end()
        cell.until(lambda: not cell.action.server_is_ready(), "end of policy_node", 25.0)
        # The camera gives 10 images per second.
        cell.start_policy(model, "fast.log", lockstep=False, rate_hz=50.0)
        cell.ready()
        cell.grasp(seed=1, max_steps=8)
        cell.received["/diagnostics"].clear()
        cell.until(lambda: loop_status(cell) is not None, "diagnostics")
        assert loop_status(cell).level == DiagnosticStatus.WARN
        assert "50 wanted" in loop_status(cell).message


def loop_status(cell: MockCell) -> DiagnosticStatus:
    found = [s for array in cell.received["/diagnostics"] for s in array.status]
    return next((s for s in reversed(found) if s.name == "policy_node: loop"), None)


def test_a_picture_that_comes_twice_is_decided_on_once(cell: MockCell, policy: NodeProcess) -> None:
    cell.fault(image_duplicate=1.0)
    reason, result = cell.grasp(seed=1)
    assert reason is Reason.POLICY_TERMINATED
    stamps = [stamp_to_s(command.header.stamp) for command in cell.commands]
    assert len(stamps) == len(set(stamps)) == result.steps


def test_frozen_pixels_end_the_episode(cell: MockCell, policy: NodeProcess) -> None:
    cell.fault(image_freeze=True)
    reason, result = cell.grasp(seed=1)
    assert reason is Reason.FROZEN_IMAGE
    assert result.steps == 3
    cell.until(lambda: is_stop(cell.commands[-1]), "stop command")


def test_a_joint_that_the_robot_does_not_have_is_refused_by_name(
    cell: MockCell, model: Path
) -> None:
    names = "[lbr_A1,lbr_A2,lbr_A3,lbr_A4,lbr_A5,lbr_A6,elbow]"
    arguments = parameters(**{**POLICY, "model": model, "joint_names": names})
    policy = cell.start("rlcg_policy.policy_node", "elbow.log", *arguments)
    assert policy.wait(20.0) == 1
    assert "elbow" in policy.output
    assert "Traceback" not in policy.output


def test_a_stopped_gate_ends_the_episode_and_a_reset_one_serves_again(
    cell: MockCell, policy: NodeProcess
) -> None:
    assert cell.call(Trigger, "arm_node/stop", Trigger.Request()).success
    time.sleep(0.3)  # the policy hears of it by gate_status, which is under way
    reason, result = cell.grasp(seed=1)
    assert reason is Reason.GATE_STOPPED
    assert "arm_node" in result.text
    assert not cell.commands
    cell.ready()
    assert cell.grasp(seed=1)[0] is Reason.POLICY_TERMINATED


def test_a_goal_waits_for_a_gate_that_is_not_active_yet(
    cell: MockCell, policy: NodeProcess
) -> None:
    assert cell.change_state("arm_node", Transition.TRANSITION_DEACTIVATE)
    time.sleep(0.3)  # the policy hears of it by gate_status, which is under way
    goal = cell.send(seed=1)
    time.sleep(0.5)
    assert not cell.commands
    assert cell.change_state("arm_node", Transition.TRANSITION_ACTIVATE)
    assert cell.result(goal)[1].termination_reason == Reason.POLICY_TERMINATED


def test_a_gate_that_goes_inactive_in_mid_episode_ends_it_at_once(
    cell: MockCell, policy: NodeProcess
) -> None:
    cell.fault(image_delay_s=SLOW_S)
    goal = cell.send(seed=1)
    cell.until(lambda: len(cell.commands) >= 2, "two commands")
    assert cell.change_state("arm_node", Transition.TRANSITION_DEACTIVATE)
    try:
        result = cell.result(goal, 5.0)[1]
        assert result.termination_reason == Reason.GATE_STOPPED
        assert "waited" not in result.text
    finally:
        assert cell.change_state("arm_node", Transition.TRANSITION_ACTIVATE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_mid_episode_stops_the_arm_last(
    cell: MockCell, policy: NodeProcess, number: int
) -> None:
    cell.fault(image_delay_s=SLOW_S)
    cell.send(seed=1)
    cell.until(lambda: len(cell.commands) >= 2, "two commands")
    seconds = policy.end(number)
    assert seconds < 3.0
    assert policy.wait() == 0
    time.sleep(0.2)
    assert is_stop(cell.commands[-1])
    assert "Traceback" not in policy.output
