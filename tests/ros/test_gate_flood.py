# SPDX-License-Identifier: Apache-2.0
"""Hundreds of random commands against the gate's process: what moves is within the limits."""

import copy
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from processes import NodeProcess, parameters
from rlcg_msgs.msg import GraspCommand
from robot_bench import HOME, Robot

from rlcg_core import spec
from rlcg_core.cell import ROBOT1
from rlcg_core.limits import CUBIC_PEAK_FACTOR, GateLimits
from rlcg_core.reasons import GateState
from rlcg_core.types import Action
from rlcg_policy.kinematics import PinocchioKinematics
from rlcg_ros.conversions import stamp_from_s, stamp_to_s

ROOT = Path(__file__).resolve().parents[2]
COUNT = 300
LIMITS = GateLimits.of_cell(ROBOT1)


@pytest.fixture
def robot() -> Iterator[Robot]:
    with Robot() as made:
        yield made


def random_command(robot: Robot, rng: np.random.Generator) -> tuple[GraspCommand, bool]:
    """Return a command and whether it keeps the rules but for the workspace."""
    move, yaw_rad = rng.uniform(-0.075, 0.075, 3), float(rng.uniform(-0.55, 0.55))
    msg = robot.message(Action(move, yaw_rad))
    small = bool(np.all(np.abs(move) <= spec.DISPLACEMENT_BOUND_M))
    wrong = rng.random()
    if wrong < 0.1:
        msg.displacement.x = float(rng.choice([np.nan, np.inf, -np.inf]))
    elif wrong < 0.2:
        msg.header.stamp = stamp_from_s(time.time() + rng.choice([-1, 1]) * rng.uniform(0.7, 9.0))
    elif wrong < 0.25:
        msg.header.frame_id = ""
    return msg, small and abs(yaw_rad) <= spec.YAW_BOUND_RAD and wrong >= 0.25


@pytest.mark.slow
def test_random_commands_over_dds_pass_exactly_if_they_keep_the_rules(
    robot: Robot, tmp_path: Path
) -> None:
    rng = np.random.default_rng(11)
    kinematics = PinocchioKinematics(ROOT / "config/urdf" / ROBOT1.urdf, ROBOT1.arm)
    home_m = kinematics.tool_pose(HOME).position_m
    low, high = np.array(ROBOT1.workspace.low_m), np.array(ROBOT1.workspace.high_m)
    arguments = parameters(reset_cooldown_s=0.0, deadman_s=60.0)
    passed: list[GraspCommand] = []
    replayed = 0
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log", *arguments):
        robot.ready()
        for i in range(COUNT):
            if robot.received["gate_status"][-1].state == GateState.STOPPED:
                robot.ready()
            msg, good = random_command(robot, rng)
            good = good and _inside(home_m, msg, low, high)
            if passed and rng.random() < 0.05:
                msg, good = _again(passed[-1]), False
                replayed += 1
            out = robot.await_new("joint_trajectory", lambda m=msg: robot.send(m))
            target = robot.sent_joints(out)
            if not good:
                np.testing.assert_array_equal(target, HOME, err_msg=f"command {i}: {msg}")
                robot.await_state(GateState.STOPPED)
                continue
            assert not np.array_equal(target, HOME), f"command {i} refused: {msg}"
            passed.append(msg)
            _check(target, stamp_to_s(out.points[-1].time_from_start))
            tool_m = kinematics.tool_pose(target).position_m
            assert np.all((tool_m >= low - 0.002) & (tool_m <= high + 0.002))
    assert 0.1 * COUNT < len(passed) < 0.9 * COUNT
    assert replayed > 0


def _again(msg: GraspCommand) -> GraspCommand:
    """Return an old command with a new stamp."""
    again = copy.deepcopy(msg)
    again.header.stamp = stamp_from_s(time.time() - 0.05)
    return again


def _inside(home_m: np.ndarray, msg: GraspCommand, low: np.ndarray, high: np.ndarray) -> bool:
    move = msg.displacement
    target_m = home_m + np.array([move.x, move.y, move.z])
    slack_m = LIMITS.workspace_slack_m
    return bool(np.all((target_m >= low - slack_m) & (target_m <= high + slack_m)))


def _check(target: np.ndarray, duration_s: float) -> None:
    peak = CUBIC_PEAK_FACTOR * np.abs(target - HOME) / duration_s
    assert np.all(peak <= 0.5 * np.array(LIMITS.speed_limit_rad_s) + 1e-6)
    assert np.all(np.abs(target) <= np.array(LIMITS.position_limit_rad) - LIMITS.joint_margin_rad)
    assert 1.0 / 3.0 - 1e-6 <= duration_s <= LIMITS.max_step_duration_s + 1e-6
