# SPDX-License-Identifier: Apache-2.0
"""policy_node as a real process in a cell without physics: episodes, their ends, its lifecycle."""

from pathlib import Path

import pytest
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from mock_cell import SLOW_S, MockCell, is_stop
from processes import NodeProcess
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool, Trigger

from rlcg_core import spec
from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_ros import qos
from rlcg_ros.conversions import command_from_msg, stamp_to_s


def test_an_episode_grasps_ends_and_repeats_with_its_seed(
    cell: MockCell, policy: NodeProcess
) -> None:
    cell.listen(Image, "image_raw", qos.IMAGE_READ)
    traces = []
    for seed in (5, 5, 6):
        cell.ready()
        reason, result = cell.grasp(seed=seed)
        assert reason is Reason.POLICY_TERMINATED
        assert result.model == "tiny"
        assert result.steps == len(cell.commands) == len(result.step_ms)
        assert 0.0 < result.last_q < 1.0
        assert min(result.image_to_command_ms) > 0.0
        traces.append([command_from_msg(c, 0.0).action.tobytes() for c in cell.commands])
    assert traces[0] == traces[1] != traces[2]
    images = {stamp_to_s(image.header.stamp) for image in cell.received["image_raw"]}
    stamps = [stamp_to_s(command.header.stamp) for command in cell.commands]
    assert set(stamps) <= images
    assert len(set(stamps)) == len(stamps)


def test_commands_and_feedback_tell_what_the_decision_was(
    cell: MockCell, policy: NodeProcess
) -> None:
    _, result = cell.grasp(seed=1)
    assert [command.step for command in cell.commands] == list(range(result.steps))
    assert len({command.episode_id for command in cell.commands}) == 1
    for command in cell.commands:
        assert command.header.frame_id == ROBOT1.arm.base_frame
        assert command.spec_fingerprint == spec.fingerprint()
        spec.check_action(command_from_msg(command, 0.0).action)
        assert len(command.cem_mean) == len(command.cem_std) == 3
    assert cell.commands[-1].terminate
    assert [item.step for item in cell.feedback] == list(range(result.steps))
    phases = [item.phase for item in cell.feedback]
    assert list(dict.fromkeys(phases))[-4:] == ["descend", "close", "lift", "terminate"]
    assert result.network_ran[0]
    assert not result.network_ran[-1]


def test_start_and_cancel_mirror_the_action(cell: MockCell, policy: NodeProcess) -> None:
    nothing = cell.call(Trigger, "policy_node/cancel", Trigger.Request())
    assert not nothing.success
    started = cell.call(Trigger, "policy_node/start", Trigger.Request())
    assert started.success
    cell.until(lambda: bool(cell.commands) and cell.commands[-1].terminate, "end of the episode")


@pytest.mark.parametrize("by", ["action", "service"])
def test_both_ways_to_cancel_end_alike_and_the_stop_is_the_last_message(
    cell: MockCell, policy: NodeProcess, by: str
) -> None:
    cell.fault(image_delay_s=SLOW_S)
    handle = cell.send(seed=1)
    cell.until(lambda: len(cell.commands) >= 2, "two commands")
    if by == "action":
        cell.action.cancel(handle)
    else:
        cell.call(Trigger, "policy_node/cancel", Trigger.Request())
    status, result = cell.result(handle)
    assert status == GoalStatus.STATUS_CANCELED
    assert result.termination_reason == Reason.CANCELLED
    cell.until(lambda: is_stop(cell.commands[-1]), "stop command")


def test_one_episode_at_a_time(cell: MockCell, policy: NodeProcess) -> None:
    cell.call(SetBool, "sim_node/pause", SetBool.Request(data=True))
    try:
        first = cell.send(seed=1)
        assert first.accepted
        assert not cell.send(seed=2).accepted
        refused = cell.call(Trigger, "policy_node/start", Trigger.Request())
        assert not refused.success
        assert "cancel it first" in refused.message
    finally:
        cell.call(SetBool, "sim_node/pause", SetBool.Request(data=False))
        cell.call(Trigger, "policy_node/cancel", Trigger.Request())
        cell.result(first)


def test_a_dry_run_decides_and_commands_nothing(cell: MockCell, policy: NodeProcess) -> None:
    reason, result = cell.grasp(seed=1, dry_run=True)
    assert reason is Reason.STEP_LIMIT
    assert result.steps == 1
    assert not cell.commands


def test_steps_are_limited_by_the_goal(cell: MockCell, policy: NodeProcess) -> None:
    reason, result = cell.grasp(seed=1, max_steps=3)
    assert reason is Reason.STEP_LIMIT
    assert result.steps == 3
    cell.until(lambda: len(cell.commands) == 4, "stop command")
    assert is_stop(cell.commands[-1])


def test_low_confidence_moves_nothing(cell: MockCell, policy: NodeProcess) -> None:
    reason, result = cell.grasp(seed=1, q_min=0.99)
    assert reason is Reason.LOW_CONFIDENCE
    assert "expected at least 0.99" in result.text
    assert not cell.commands


def test_the_lifecycle_decides_when_goals_are_taken(cell: MockCell, model: Path) -> None:
    process = cell.start(
        "rlcg_policy.policy_node",
        "managed.log",
        "-p",
        f"model:={model}",
        "-p",
        "lockstep:=true",
        "-p",
        "use_sim_time:=true",
    )
    try:
        change(cell, Transition.TRANSITION_CONFIGURE)
        assert not cell.send(seed=1).accepted
        change(cell, Transition.TRANSITION_ACTIVATE)
        assert cell.grasp(seed=1)[0] is Reason.POLICY_TERMINATED
        change(cell, Transition.TRANSITION_DEACTIVATE)
        assert not cell.send(seed=1).accepted
        change(cell, Transition.TRANSITION_CLEANUP)
        change(cell, Transition.TRANSITION_CONFIGURE)
        change(cell, Transition.TRANSITION_ACTIVATE)
        cell.ready()
        assert cell.grasp(seed=1)[0] is Reason.POLICY_TERMINATED
    finally:
        process.end()


def change(cell: MockCell, transition: int) -> None:
    assert cell.change_state("policy_node", transition)


def test_diagnostics_name_model_provider_camera_and_rate(
    cell: MockCell, policy: NodeProcess
) -> None:
    cell.listen(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
    cell.grasp(seed=1)

    def newest() -> dict[str, DiagnosticStatus]:
        found = [s for array in cell.received["/diagnostics"] for s in array.status]
        return {s.name.split(": ")[1]: s for s in found if s.name.startswith("policy_node")}

    def measured() -> bool:
        values = newest()["loop"].values if "loop" in newest() else []
        return any(v.key == "step_ms_median" and v.value != "None" for v in values)

    cell.until(measured, "diagnostics of the episode")
    status = newest()
    assert "cpu" in status["model"].message
    assert status["camera"].message == "calibrated as in training"
    assert {value.key for value in status["loop"].values} >= {"step_ms_median", "rate_hz"}
