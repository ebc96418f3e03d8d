# SPDX-License-Identifier: Apache-2.0
"""The rule carries a goal out: properties over goals, and the phases of a whole grasp."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core import rule, spec
from rlcg_core.errors import ConfigError
from rlcg_core.rule import Phase, RuleMemory, RuleParameters
from rlcg_core.types import Action, Observation, ToolPose

RULE = RuleParameters()
IMAGE = np.zeros((512, 640, 3), np.uint8)
GOALS = st.tuples(st.floats(0.45, 0.75), st.floats(-0.18, 0.18), st.floats(-1.5, 1.5))


def seen(pose: ToolPose, closed: bool = False) -> Observation:
    height_m = float(pose.position_m[2])
    return Observation(IMAGE, closed, height_m, pose, np.zeros((3, 4)), 0.0)


def start(height_m: float = 0.30) -> ToolPose:
    return ToolPose(np.array([0.6, 0.0, height_m]), 0.0)


def carry_out(
    goal: tuple[float, float, float], height_m: float = 0.30
) -> list[tuple[Phase, Action]]:
    """Run the rule on an arm that does exactly what it is told."""
    pose, memory, trace, closed = start(height_m), RuleMemory(), [], False
    for _ in range(40):
        observation = seen(pose, closed)
        target = rule.goal_pose(goal, observation, RULE) if memory.needs_goal else None
        action, memory = rule.step(memory, RULE, observation, target)
        trace.append((memory.phase, action))
        pose, closed = pose.moved(action), (closed or action.close) and not action.open
        if action.terminate:
            return trace
    raise AssertionError(f"not finished in 40 steps, last phase {memory.phase}")


@given(GOALS)
def test_every_goal_is_grasped_lifted_and_ended(goal: tuple[float, float, float]) -> None:
    trace = carry_out(goal)
    phases = [phase for phase, _ in trace]
    assert phases == sorted(phases, key=list(Phase).index)
    # A goal right below the tool needs no approach.
    assert {*phases, Phase.APPROACH} == set(Phase)
    assert phases.count(Phase.CLOSE) == RULE.close_steps
    lift_m = sum(action.displacement_m[2] for phase, action in trace if phase is Phase.LIFT)
    assert lift_m == pytest.approx(RULE.lift_height_m - RULE.grasp_height_m, abs=0.01)


@given(GOALS)
def test_every_action_fits_the_spec(goal: tuple[float, float, float]) -> None:
    for _, action in carry_out(goal):
        spec.check_action(action.to_array())


@given(GOALS)
def test_the_tool_closes_on_the_goal_up_to_half_a_turn(goal: tuple[float, float, float]) -> None:
    pose = start()
    for phase, action in carry_out(goal):
        if phase is Phase.CLOSE:
            break
        pose = pose.moved(action)
    assert pose.position_m[:2] == pytest.approx(goal[:2], abs=1e-6)
    assert abs(math.sin(pose.yaw_rad - goal[2])) < 1e-6


@given(GOALS)
def test_the_tool_stays_up_until_it_is_aligned(goal: tuple[float, float, float]) -> None:
    pose = start(0.15)
    for _, action in carry_out(goal, 0.15):
        after = pose.moved(action)
        distance_m = np.hypot(*(pose.position_m[:2] - goal[:2]))
        if distance_m > RULE.align_tolerance_m:
            assert after.position_m[2] >= RULE.align_height_m - 1e-9
        pose = after


@given(st.floats(-1.6, 1.6), st.floats(-1.9, 1.9))
def test_equivalent_yaw_is_near_and_within_range(yaw_rad: float, near_rad: float) -> None:
    chosen = rule.equivalent_yaw(yaw_rad, near_rad, RULE)
    assert RULE.yaw_low_rad - 1e-6 <= chosen <= RULE.yaw_high_rad + 1e-6
    assert abs(math.sin(chosen - yaw_rad)) < 1e-9
    assert abs(chosen - near_rad) <= abs(yaw_rad - near_rad) + 1e-9


def test_search_is_global_in_the_first_frame_and_near_the_last_goal_afterwards() -> None:
    goal = ToolPose(np.array([0.5, 0.1, 0.012]), 0.3)
    mean0, std0 = rule.cem_start(RuleMemory(), RULE, (0.6, 0.0, 0.0), (0.1, 0.1, 0.8))
    np.testing.assert_array_equal(mean0, [0.6, 0.0, 0.0])
    np.testing.assert_array_equal(std0, [0.1, 0.1, 0.8])
    for phase in (Phase.APPROACH, Phase.DESCEND):
        local = rule.cem_start(RuleMemory(phase, goal), RULE, (0.6, 0, 0), (0.1, 0.1, 0.8))
        np.testing.assert_array_equal(local[0], [0.5, 0.1, 0.3])
        np.testing.assert_array_equal(local[1], RULE.local_std)


@pytest.mark.parametrize("closed", [True, False])
def test_the_first_step_opens_and_later_ones_only_a_closed_gripper(closed: bool) -> None:
    observation, memory = seen(start(), closed), RuleMemory()
    goal = rule.goal_pose((0.5, 0.1, 0.0), observation, RULE)
    first, memory = rule.step(memory, RULE, observation, goal)
    then, _ = rule.step(memory, RULE, observation, goal)
    assert (first.open, first.close) == (True, False)
    assert (then.open, then.close) == (closed, False)


def test_a_blocked_descent_closes_where_it_stands() -> None:
    pose = ToolPose(np.array([0.5, 0.1, 0.05]), 0.0)
    goal = rule.goal_pose((0.5, 0.1, 0.0), seen(pose), RULE)
    memory, steps = RuleMemory(), 0
    while memory.phase in (Phase.APPROACH, Phase.DESCEND):
        action, memory = rule.step(memory, RULE, seen(pose), goal)
        steps += 1
        assert steps < 10
    assert memory.phase is Phase.CLOSE
    assert steps == RULE.stall_steps + 1
    assert action.close


def test_a_servo_phase_without_a_goal_is_an_error() -> None:
    with pytest.raises(ConfigError, match="needs a goal"):
        rule.step(RuleMemory(), RULE, seen(start()), None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dz_max_m": 0.07},
        {"grasp_height_m": 0.2},
        {"yaw_low_rad": -0.5},
        {"close_steps": 0},
        {"local_std": (0.0, 0.1, 0.1)},
        {"stall_steps": 0},
    ],
)
def test_impossible_parameters_are_refused(wrong: dict) -> None:
    with pytest.raises(ConfigError, match="expected"):
        replace(RULE, **wrong)
