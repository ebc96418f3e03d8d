# SPDX-License-Identifier: Apache-2.0
"""Commands by the thousand against the gate's process: what moves is within the limits."""

import copy
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from gate_oracle import content_is_sound
from processes import NodeProcess, parameters
from rlcg_msgs.msg import GraspCommand
from robot_bench import HOME, Robot
from std_msgs.msg import Bool
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.cell import ROBOT1
from rlcg_core.limits import CUBIC_PEAK_FACTOR, GateLimits
from rlcg_core.reasons import GateState
from rlcg_core.statistics import median, percentile
from rlcg_core.types import Action, ToolPose
from rlcg_policy.kinematics import PinocchioKinematics
from rlcg_ros import qos
from rlcg_ros.conversions import stamp_from_s, stamp_to_s

ROOT = Path(__file__).resolve().parents[2]
COUNT = 10_000
FLOOD_HZ, FLOOD_S = 1000.0, 4.0
# Of a thousand commands a second the newest is carried out; this is how late it may be.
LATE_S = 0.25
# Oldest picture that is acted on.
LATEST_S = 8.0
WAIT_S = 30.0
LIMITS = GateLimits.of_cell(ROBOT1)
KINEMATICS = PinocchioKinematics(ROOT / "config/urdf" / ROBOT1.urdf, ROBOT1.arm)
LOW_M, HIGH_M = np.array(ROBOT1.workspace.low_m), np.array(ROBOT1.workspace.high_m)
# Where the robot stands: one step inside the workspace, so that most moves stay in it.
START_M = np.array([0.5 * (LOW_M[0] + HIGH_M[0]), HIGH_M[1] - 0.05, 0.5 * (LOW_M[2] + HIGH_M[2])])
START_YAW_RAD = KINEMATICS.tool_pose(HOME).yaw_rad
START = KINEMATICS.joints(ToolPose(START_M, START_YAW_RAD), HOME)


@pytest.fixture
def robot() -> Iterator[Robot]:
    with Robot(watch_jaw=False) as made:
        made.joints = START.copy()
        yield made


@contextmanager
def gate(robot: Robot, folder: Path) -> Iterator[NodeProcess]:
    """A gate's process that can be reset at once, and that a slow machine does not stop."""
    patient = {"deadman_s": 60.0, "max_command_age_s": LATEST_S, "max_joint_gap_s": 1.0}
    arguments = parameters(reset_cooldown_s=0.0, max_joint_age_s=10.0, **patient)
    with NodeProcess("rlcg_policy.arm_node", folder / "log", *arguments) as process:
        robot.ready()
        yield process
        assert process.running, process.output


def random_command(robot: Robot, rng: np.random.Generator) -> tuple[GraspCommand, bool]:
    """Return a command and whether it keeps the rules, seen from where it stands."""
    move, yaw_rad = rng.uniform(-0.0605, 0.0605, 3), float(rng.uniform(-0.51, 0.51))
    msg = robot.message(Action(move, yaw_rad))
    wrong = rng.random()
    if wrong < 0.02:
        field = str(rng.choice(["x", "y", "z"]))
        setattr(msg.displacement, field, float(rng.choice([np.nan, np.inf, -np.inf])))
    elif wrong < 0.03:
        msg.yaw_change_sin = float(rng.choice([np.nan, np.inf, 0.9, 1e9]))
    elif wrong < 0.05:
        late_s = rng.choice([-1, 1]) * rng.uniform(LATEST_S + 0.2, 2.0 * LATEST_S)
        msg.header.stamp = stamp_from_s(time.time() + late_s)
    elif wrong < 0.06:
        msg.header.frame_id = ""
    elif wrong < 0.07:
        msg.close_gripper = msg.open_gripper = True
    elif wrong < 0.08:
        msg.spec_fingerprint = "0123456789abcdef"
    foreign = wrong < 0.08 and wrong >= 0.03
    return msg, not foreign and within_limits(msg)


def within_limits(msg: GraspCommand) -> bool:
    """Whether the action of a command may be carried out from there, by the words of the limits."""
    moved = msg.displacement
    move = np.array([moved.x, moved.y, moved.z])
    flags = [float(msg.close_gripper), float(msg.open_gripper), float(msg.terminate)]
    turn = [msg.yaw_change_sin, msg.yaw_change_cos]
    if not content_is_sound(np.array([*move, *turn, *flags])):
        return False
    slack_m = LIMITS.workspace_slack_m
    target_m = START_M + move
    return bool(np.all((target_m >= LOW_M - slack_m) & (target_m <= HIGH_M + slack_m)))


def again(passed: list[GraspCommand], rng: np.random.Generator) -> GraspCommand:
    """Return one of the newest commands with a new stamp: a replay, or one that was overtaken."""
    found = copy.deepcopy(passed[-int(rng.integers(1, min(4, len(passed)) + 1))])
    found.header.stamp = stamp_from_s(time.time() - 0.05)
    return found


def check_target(robot: Robot, out: JointTrajectory) -> np.ndarray:
    """Check a trajectory against the limits; return its last joints (7,)."""
    target, duration_s = robot.sent_joints(out), stamp_to_s(out.points[-1].time_from_start)
    peak = CUBIC_PEAK_FACTOR * np.abs(target - START) / duration_s
    assert np.all(np.isfinite(target))
    assert np.all(peak <= 0.5 * np.array(LIMITS.speed_limit_rad_s) + 1e-6)
    assert np.all(np.abs(target) <= np.array(LIMITS.position_limit_rad) - LIMITS.joint_margin_rad)
    assert 1.0 / 3.0 - 1e-6 <= duration_s <= LIMITS.max_step_duration_s + 1e-6
    tool_m = KINEMATICS.tool_pose(target).position_m
    assert np.all((tool_m >= LOW_M - 0.002) & (tool_m <= HIGH_M + 0.002))
    speed_m_s = CUBIC_PEAK_FACTOR * float(np.linalg.norm(tool_m - START_M)) / duration_s
    assert speed_m_s <= LIMITS.tool_speed_limit_m_s + 0.01
    return target


@pytest.mark.slow
@pytest.mark.timeout(900)  # 35 s on two free cores; on busy ones every message waits its turn
def test_of_ten_thousand_commands_over_dds_exactly_those_that_keep_the_rules_pass(
    robot: Robot, tmp_path: Path
) -> None:
    rng = np.random.default_rng(11)
    passed: list[GraspCommand] = []
    count, replays = 0, 0
    with gate(robot, tmp_path):
        before = robot.count("joint_trajectory")
        for i in range(COUNT):
            if robot.received["gate_status"][-1].state == GateState.STOPPED:
                robot.ready()
                passed.clear()
            msg, good = random_command(robot, rng)
            if passed and rng.random() < 0.02:
                msg, good = again(passed, rng), False
                replays += 1
            out = robot.await_new("joint_trajectory", lambda m=msg: robot.send(m), WAIT_S)
            target = check_target(robot, out)
            if good:
                assert not np.array_equal(target, START), f"command {i} refused: {msg}"
                passed.append(msg)
                count += 1
            else:
                np.testing.assert_array_equal(target, START, err_msg=f"command {i}: {msg}")
                robot.await_state(GateState.STOPPED)
        assert robot.count("joint_trajectory") == before + COUNT
    assert 0.3 * COUNT < count < 0.9 * COUNT
    assert replays > 50


def flood(robot: Robot, messages: list[GraspCommand]) -> list[float]:
    """Send at `FLOOD_HZ` without waiting; return when each was sent [monotonic s]."""
    sent_s: list[float] = []
    begun_s = time.monotonic()
    for number, msg in enumerate(messages):
        time.sleep(max(0.0, begun_s + number / FLOOD_HZ - time.monotonic()))
        # Of a picture whose joint states are there: nothing has to be waited for.
        msg.header.stamp = stamp_from_s(time.time() - 0.05)
        sent_s.append(time.monotonic())
        robot.send(msg)
    return sent_s


def numbered(robot: Robot, count: int) -> list[GraspCommand]:
    """Return sound commands, each to be told from the others by the yaw that it leads to."""
    yaws_rad = np.linspace(-0.4, 0.4, count)
    return [robot.message(Action(np.array([0.01, 0.0, -0.01]), float(yaw))) for yaw in yaws_rad]


def number_of(target: np.ndarray, count: int) -> int:
    """Return which of `numbered` led to these joints (7,)."""
    turned_rad = KINEMATICS.tool_pose(target).yaw_rad - START_YAW_RAD
    wrapped_rad = math.remainder(turned_rad, 2.0 * math.pi)
    return round((wrapped_rad + 0.4) / 0.8 * (count - 1))


@pytest.mark.slow
def test_in_a_flood_of_commands_the_newest_are_carried_out_in_time(
    robot: Robot, tmp_path: Path
) -> None:
    messages = numbered(robot, round(FLOOD_HZ * FLOOD_S))
    arrived: list[tuple[float, JointTrajectory]] = []
    robot.node.create_subscription(
        JointTrajectory,
        "joint_trajectory",
        lambda msg: arrived.append((time.monotonic(), msg)),
        qos.RECORDED,
    )
    with gate(robot, tmp_path):
        # The flood is of the episode that the gate is ready for.
        for msg in messages:
            msg.episode_id = f"e{robot.episode}"
        arrived.clear()
        sent_s = flood(robot, messages)
        statuses = robot.received["gate_status"]

        def over() -> bool:
            done = bool(arrived) and arrived[-1][0] > sent_s[-1]
            return done or statuses[-1].state == GateState.STOPPED

        robot.until(over, "last command", WAIT_S)
        assert statuses[-1].state == GateState.READY, statuses[-1].text
        heard = list(arrived)  # more may come meanwhile
        targets = [check_target(robot, msg) for _, msg in heard]
        numbers = [number_of(target, len(messages)) for target in targets]
        late_s = [at_s - sent_s[k] for k, (at_s, _) in zip(numbers, heard, strict=True)]
        assert numbers == sorted(set(numbers)), "a command was carried out twice, or overtaken"
        rate_hz = len(numbers) / FLOOD_S
        told = [1e3 * (found or 0.0) for found in (median(late_s), percentile(late_s, 99.0))]
        print(
            f"{rate_hz:.0f} of {FLOOD_HZ:.0f} per s; late p50 {told[0]:.1f}, p99 {told[1]:.1f} ms"
        )
        assert rate_hz > LIMITS.control_rate_hz
        assert told[1] < 1e3 * LATE_S


@pytest.mark.slow
def test_the_stop_is_not_lost_in_a_flood(robot: Robot, tmp_path: Path) -> None:
    estop = robot.node.create_publisher(Bool, "estop", qos.COMMAND)
    messages = numbered(robot, round(FLOOD_HZ * FLOOD_S))
    with gate(robot, tmp_path):
        for msg in messages:
            msg.episode_id = f"e{robot.episode}"
        robot.until(lambda: estop.get_subscription_count() > 0, "gate on estop")
        half = len(messages) // 2
        flood(robot, messages[:half])
        pressed_s = time.monotonic()
        estop.publish(Bool(data=True))
        flood(robot, messages[half : half + 200])
        robot.await_state(GateState.STOPPED)
        assert time.monotonic() - pressed_s < 0.2 + LATE_S
        sent = robot.count("joint_trajectory")
        np.testing.assert_array_equal(
            robot.sent_joints(robot.received["joint_trajectory"][-1]), START
        )
        flood(robot, messages[half + 200 :])
        assert robot.count("joint_trajectory") == sent, "something passed the latched gate"


@pytest.mark.slow
def test_a_flood_of_what_is_no_number_stops_once_and_leaves_the_gate_alive(
    robot: Robot, tmp_path: Path
) -> None:
    messages = numbered(robot, 1000)
    with gate(robot, tmp_path):
        before = robot.count("joint_trajectory")
        for msg in messages:
            msg.episode_id, msg.displacement.x = f"e{robot.episode}", math.nan
        flood(robot, messages)
        robot.await_state(GateState.STOPPED)
        assert robot.count("joint_trajectory") == before + 1
        np.testing.assert_array_equal(
            robot.sent_joints(robot.received["joint_trajectory"][-1]), START
        )
        robot.ready()
        robot.await_new("joint_trajectory", lambda: robot.send(robot.message()))
        assert robot.received["gate_status"][-1].state == GateState.READY
