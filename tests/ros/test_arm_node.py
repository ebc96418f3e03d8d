# SPDX-License-Identifier: Apache-2.0
"""The gate as a real process, fed over DDS."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import GetState
from processes import NodeProcess, parameters
from rlcg_msgs.msg import GraspCommand
from robot_bench import HOME, NAMES, Robot
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action
from rlcg_ros import qos
from rlcg_ros.conversions import stamp_from_s


@pytest.fixture
def robot() -> Iterator[Robot]:
    with Robot() as made:
        yield made


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[NodeProcess]:
    arguments = parameters(reset_cooldown_s=0.0, deadman_s=0.5)
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log", *arguments) as process:
        yield process
        assert process.end() < 3.0
        assert "Traceback" not in process.output


@pytest.mark.usefixtures("gate")
def test_a_good_command_moves_arm_and_jaw(robot: Robot) -> None:
    robot.ready()
    message = robot.await_new("joint_trajectory", lambda: robot.send(robot.message()))
    change = robot.sent_joints(message) - HOME
    assert 0.0 < np.max(np.abs(change)) < 0.5
    duration = message.points[-1].time_from_start
    assert duration.sec + 1e-9 * duration.nanosec >= 1.0 / 3.0 - 1e-6
    robot.until(lambda: robot.count("gripper_command") == 1, "gripper command")
    jaw = robot.received["gripper_command"][0]
    assert list(jaw.joint_names) == [ROBOT1.gripper.joint_name]
    assert jaw.points[-1].positions[0] == pytest.approx(ROBOT1.gripper.opening_max_m)


def _nan(message: GraspCommand) -> None:
    message.displacement.y = float("nan")


def _stale(message: GraspCommand) -> None:
    message.header.stamp = stamp_from_s(time.time() - 1.0)


def _future(message: GraspCommand) -> None:
    message.header.stamp = stamp_from_s(time.time() + 1.0)


def _outside(message: GraspCommand) -> None:
    message.displacement.z = 0.06


def _too_far(message: GraspCommand) -> None:
    message.displacement.x = 0.5


def _frame(message: GraspCommand) -> None:
    message.header.frame_id = "map"


def _spec(message: GraspCommand) -> None:
    message.spec_fingerprint = "0" * 16


@pytest.mark.usefixtures("gate")
def test_bad_commands_hold_latch_and_name_their_reason(robot: Robot) -> None:
    cases: list[tuple[Callable[[GraspCommand], None], GateReason]] = [
        (_nan, GateReason.NOT_FINITE),
        (_stale, GateReason.STALE_STAMP),
        (_future, GateReason.FUTURE_STAMP),
        (_outside, GateReason.OUTSIDE_WORKSPACE),
        (_too_far, GateReason.STEP_TOO_LARGE),
        (_frame, GateReason.WRONG_FRAME),
        (_spec, GateReason.SPEC_MISMATCH),
    ]
    for spoil, reason in cases:
        robot.ready()
        bad = robot.message()
        spoil(bad)
        hold = robot.await_new("joint_trajectory", lambda bad=bad: robot.send(bad))
        np.testing.assert_allclose(robot.sent_joints(hold), HOME, atol=1e-12)
        assert robot.await_state(GateState.STOPPED).reason == reason
        before = robot.count("joint_trajectory")
        robot.send(robot.message())
        time.sleep(0.2)
        assert robot.count("joint_trajectory") == before, f"moved after {reason.name}"


@pytest.mark.usefixtures("gate")
def test_silence_within_an_episode_holds_where_the_arm_is(robot: Robot) -> None:
    robot.ready()
    robot.await_new("joint_trajectory", lambda: robot.send(robot.message()))
    robot.joints = HOME + 0.01
    begun_s = time.monotonic()
    hold = robot.await_new("joint_trajectory", lambda: None)
    assert 0.3 < time.monotonic() - begun_s < 0.9
    np.testing.assert_allclose(robot.sent_joints(hold), HOME + 0.01, atol=1e-12)
    assert robot.await_state(GateState.STOPPED).reason == GateReason.DEADMAN


@pytest.mark.usefixtures("gate")
def test_silence_after_the_end_of_an_episode_is_no_fault(robot: Robot) -> None:
    robot.ready()
    robot.await_new("joint_trajectory", lambda: robot.send(robot.message()))
    last = robot.message(Action(np.zeros(3), terminate=True))
    robot.await_new("joint_trajectory", lambda: robot.send(last))
    time.sleep(0.8)
    assert robot.received["gate_status"][-1].state == GateState.READY


@pytest.mark.usefixtures("gate")
def test_lost_joint_states_stop_the_motion(robot: Robot) -> None:
    robot.ready()
    robot.publishing = False
    robot.await_state(GateState.HOLDING)
    before = robot.count("joint_trajectory")
    robot.send(robot.message())
    assert robot.await_state(GateState.STOPPED).reason == GateReason.STALE_JOINT_STATE
    assert robot.count("joint_trajectory") == before


@pytest.mark.usefixtures("gate")
def test_another_robot_is_not_activated_and_its_joints_are_listed(robot: Robot) -> None:
    robot.names = tuple(f"joint_{i}" for i in range(1, 8))
    robot.until(
        lambda: any(s.reason == GateReason.BAD_JOINT_STATE for s in robot.received["gate_status"]),
        "complaint",
    )
    status = robot.received["gate_status"][-1]
    assert status.state == GateState.INACTIVE
    assert "joint_1" in status.text
    assert "expected ['lbr_A1'" in status.text
    state = robot.call(GetState, "arm_node/get_state", GetState.Request()).current_state
    assert state.id == State.PRIMARY_STATE_INACTIVE
    robot.send(robot.message())
    assert not robot.change_state("arm_node", Transition.TRANSITION_ACTIVATE)
    assert robot.count("joint_trajectory") == 0
    robot.names = NAMES
    robot.await_state(GateState.READY)


@pytest.mark.usefixtures("gate")
def test_stop_and_home_services(robot: Robot) -> None:
    robot.ready()
    robot.joints = HOME + np.array([0.2, 0, 0, 0, 0, 0, 0])
    time.sleep(0.1)
    before = robot.count("joint_trajectory")
    answer = robot.call(Trigger, "arm_node/home", Trigger.Request())
    assert answer.success, answer.message
    robot.until(lambda: robot.count("joint_trajectory") > before, "way home")
    way = robot.received["joint_trajectory"][before]
    np.testing.assert_allclose(robot.sent_joints(way), HOME)
    assert way.points[-1].time_from_start.sec >= 1
    assert robot.call(Trigger, "arm_node/stop", Trigger.Request()).success
    assert robot.await_state(GateState.STOPPED).reason == GateReason.OPERATOR_STOP
    assert not robot.call(Trigger, "arm_node/home", Trigger.Request()).success


@pytest.mark.usefixtures("gate")
def test_the_emergency_stop_topic_stops_and_keeps_stopped_while_pressed(robot: Robot) -> None:
    button = robot.node.create_publisher(Bool, "estop", qos.COMMAND)
    robot.ready()
    robot.await_new("joint_trajectory", lambda: robot.send(robot.message()))
    robot.until(lambda: button.get_subscription_count() > 0, "listener on estop")
    hold = robot.await_new("joint_trajectory", lambda: button.publish(Bool(data=True)))
    np.testing.assert_allclose(robot.sent_joints(hold), HOME, atol=1e-12)
    assert robot.await_state(GateState.STOPPED).reason == GateReason.EMERGENCY_STOP
    answer = robot.call(Trigger, "arm_node/reset_stop", Trigger.Request())
    assert not answer.success
    assert "pressed" in answer.message
    button.publish(Bool(data=False))

    def released() -> bool:
        return bool(robot.call(Trigger, "arm_node/reset_stop", Trigger.Request()).success)

    deadline_s = time.monotonic() + 5.0
    while not released():
        assert time.monotonic() < deadline_s
    robot.ready()
    robot.await_new("joint_trajectory", lambda: robot.send(robot.message()))


def test_the_first_message_after_an_activation_holds_the_measured_pose(
    robot: Robot, tmp_path: Path
) -> None:
    robot.joints = HOME + 0.03
    arguments = parameters(hold_on_activation=True, ramp_steps=3, speed_scale=0.5, deadman_s=60.0)
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log", *arguments):
        robot.ready()
        robot.until(lambda: robot.count("joint_trajectory") == 1, "hold")
        hold = robot.sent_joints(robot.received["joint_trajectory"][0])
        np.testing.assert_allclose(hold, HOME + 0.03, atol=1e-12)
        assert robot.count("gripper_command") == 0
        first = robot.await_new("joint_trajectory", lambda: robot.send(robot.message()))
        duration = first.points[-1].time_from_start
        # An eighth of the speed: half of it, and the first of four parts of the ramp.
        assert duration.sec + 1e-9 * duration.nanosec >= 8.0 / 3.0 - 1e-6


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"profile": "generic_ros2_control"}, "does not give base_frame, gripper_joint"),
        ({"profile": "ur5"}, "no robot profile 'ur5', expected one of generic_ros2_control"),
        (
            {"position_limit_rad": "[3.5,2.0,2.9,2.0,2.9,2.0,3.0]"},
            "lbr_A1 has lower limit -3.5000 rad, expected -2.9671 or more as in iiwa7",
        ),
        ({"gripper_mode": "gripper_command"}, "control_msgs"),
    ],
)
def test_a_gate_without_its_robots_limits_does_not_start(
    values: dict[str, object], words: str, tmp_path: Path
) -> None:
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log", *parameters(**values)) as process:
        assert process.wait(15.0) == 2
        assert words in process.output
        assert "Traceback" not in process.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_hold_as_last_message(
    robot: Robot, tmp_path: Path, number: int
) -> None:
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log") as process:
        robot.ready()
        moving = robot.await_new("joint_trajectory", lambda: robot.send(robot.message()))
        assert not np.allclose(robot.sent_joints(moving), HOME)
        robot.joints = HOME + 0.02
        time.sleep(0.1)
        process.send_signal(number)
        time.sleep(0.02)
        took_s = process.end(number)  # a second signal changes nothing
        robot.until(lambda: robot.count("joint_trajectory") == 2, "hold")
        np.testing.assert_allclose(
            robot.sent_joints(robot.received["joint_trajectory"][-1]), HOME + 0.02, atol=1e-12
        )
        assert robot.count("gripper_command") == 2
        assert robot.received["gate_status"][-1].state == GateState.INACTIVE
        assert process.wait() == 0
        assert took_s < 3.0
        assert "Traceback" not in process.output
