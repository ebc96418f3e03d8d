# SPDX-License-Identifier: Apache-2.0
"""policy_node as a real process in a cell without physics: episodes, faults, ends."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny_model
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from mock_cell import POLICY, MockCell
from processes import NodeProcess, parameters
from rlcg_msgs.msg import GraspCommand
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool, Trigger

from rlcg_core import spec
from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_ros import qos
from rlcg_ros.conversions import command_from_msg, stamp_to_s

# Images late by this much give a test the time to act in the middle of an episode.
SLOW_S = 0.2
# For a second cell beside the one that all tests share.
OTHER_DOMAIN = 1 + os.getpid() % 10


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny").folder


@pytest.fixture(scope="module")
def bare_cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockCell]:
    """Sim and gate, without a policy."""
    with MockCell(tmp_path_factory.mktemp("cell")) as cell:
        yield cell


@pytest.fixture
def cell(bare_cell: MockCell) -> MockCell:
    bare_cell.ready()
    return bare_cell


@pytest.fixture
def policy(cell: MockCell, model: Path) -> Iterator[NodeProcess]:
    process = cell.start_policy(model)
    yield process
    if process.running:
        process.end()
    cell.until(lambda: not cell.action.server_is_ready(), "end of policy_node", 25.0)


def is_stop(command: GraspCommand) -> bool:
    moves = command_from_msg(command, 0.0).action
    return bool(np.array_equal(moves, [0, 0, 0, 0, 1, 0, 0, 1]))


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
        handle.cancel_goal_async()
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
    reason, result = cell.grasp(seed=1)
    assert reason is Reason.GATE_STOPPED
    assert "arm_node" in result.text
    assert not cell.commands
    cell.ready()
    assert cell.grasp(seed=1)[0] is Reason.POLICY_TERMINATED


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
    request = ChangeState.Request(transition=Transition(id=transition))
    assert cell.call(ChangeState, "policy_node/change_state", request).success


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


@pytest.mark.parametrize(
    ("changed", "text", "code"),
    [
        ({"model": "nobody"}, "model 'nobody' is unknown", 1),
        ({"provider": "tensorrt"}, "provider tensorrt is not in this onnxruntime", 2),
        ({"provider": "gpu"}, "expected one of", 2),
        ({"rate_hz": -1.0}, "rate_hz is -1.0, expected within", 2),
        ({"modell": "x"}, "no parameter modell", 2),
        ({"camera_quaternion_xyzw": "[0.0,0.0,0.0,0.5]"}, "unit quaternion", 2),
        ({"urdf": "nowhere.urdf"}, "nowhere.urdf", 2),
    ],
)
def test_a_users_mistake_is_one_line_and_an_exit_code(
    tmp_path: Path, model: Path, changed: dict, text: str, code: int
) -> None:
    arguments = {"autostart": True, "model": model, **changed}
    check_refused(tmp_path, arguments, text, code)


@pytest.mark.parametrize(
    ("name", "old", "new", "text"),
    [
        ("policy.onnx", b"tiny", b"tony", "sha256"),
        ("manifest.json", spec.fingerprint().encode(), b"0" * 16, "spec_fingerprint is 0000"),
        ("golden.json", b'"q"', b'"p"', "sha256"),
    ],
)
def test_a_tampered_model_is_refused_in_one_line(
    tmp_path: Path, name: str, old: bytes, new: bytes, text: str
) -> None:
    folder = tiny_model.write(tmp_path / "tampered").folder
    contents = (folder / name).read_bytes()
    assert old in contents
    (folder / name).write_bytes(contents.replace(old, new))
    check_refused(tmp_path, {"autostart": True, "model": folder}, text, 1)


def check_refused(folder: Path, arguments: dict, text: str, code: int) -> None:
    with NodeProcess(
        "rlcg_policy.policy_node", folder / "log", *parameters(**arguments)
    ) as process:
        assert process.wait(20.0) == code
        lines = [line for line in process.output.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1
        assert text in lines[0]
        assert "Traceback" not in process.output
