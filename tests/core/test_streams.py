# SPDX-License-Identifier: Apache-2.0
"""A step cut into set points: no jump, no catching up after a stall, time to arrive at the end."""

import numpy as np
from gantry import START, Gantry

from rlcg_core.step_stream import StepStream
from rlcg_core.tool_servo import tool_velocity
from rlcg_core.tool_stream import SETTLE_S, ToolStream
from rlcg_core.types import ArmTrajectory

PERIOD_S = 0.02
STEP = np.array([0.05, 0.0, -0.04, 0.2])


def step_to(target: np.ndarray, duration_s: float = 0.4) -> ArmTrajectory:
    return ArmTrajectory(target[None], np.array([duration_s]), np.zeros((1, 4)))


def test_set_points_go_from_the_measured_joints_to_the_end_without_a_jump() -> None:
    stream = StepStream(PERIOD_S)
    stream.begin(step_to(START + STEP), START, 10.0)
    points = [stream.advance(10.0 + PERIOD_S * i) for i in range(21)]
    path = np.array([point.joints_rad for point in points])
    np.testing.assert_allclose(path[0], START)
    np.testing.assert_allclose(path[-1], START + STEP)
    assert [point.last for point in points] == [False] * 20 + [True]
    assert not stream.running
    peak = 1.5 * np.abs(STEP) / 0.4 * PERIOD_S
    assert np.all(np.abs(np.diff(path, axis=0)) <= peak + 1e-9)


def test_a_step_that_replaces_another_goes_on_from_the_set_point() -> None:
    stream = StepStream(PERIOD_S)
    stream.begin(step_to(START + STEP), START, 0.0)
    for i in range(10):
        before = stream.advance(PERIOD_S * i)
    lagging = START + 0.2  # what the arm measures meanwhile is not where it was told to be
    stream.begin(step_to(START), lagging, PERIOD_S * 9)
    after = stream.advance(PERIOD_S * 10)
    np.testing.assert_allclose(after.joints_rad, before.joints_rad, atol=0.016)
    assert np.all(np.sign(after.speeds_rad_s) == np.sign(before.speeds_rad_s))


def test_after_a_rest_a_step_begins_where_the_arm_was_moved_to() -> None:
    stream = StepStream(PERIOD_S)
    stream.begin(step_to(START + STEP), START, 0.0)
    stream.end()
    elsewhere = START - 0.1
    stream.begin(step_to(START), elsewhere, 5.0)
    np.testing.assert_allclose(stream.advance(5.0).joints_rad, elsewhere)


def test_a_stall_is_not_made_up_for_and_a_clock_set_back_moves_nothing() -> None:
    stream = StepStream(PERIOD_S)
    stream.begin(step_to(START + STEP), START, 0.0)
    before = stream.advance(0.1).joints_rad
    after_stall = stream.advance(30.0).joints_rad
    assert np.max(np.abs(after_stall - before)) < 0.2 * np.max(np.abs(STEP))
    np.testing.assert_array_equal(stream.advance(-100.0).joints_rad, after_stall)


def test_the_last_set_point_is_repeated_until_the_tool_is_there() -> None:
    stream, kinematics = ToolStream(PERIOD_S, Gantry()), Gantry()
    stream.begin(step_to(START + STEP, 0.02), START, 0.0)
    for i in range(1, 5):
        point = stream.due(START, PERIOD_S * i)
        assert point is not None
        assert not point.last
    np.testing.assert_allclose(point.joints_rad, START + STEP)
    velocity = tool_velocity(kinematics, point, START, 0.25)
    assert velocity.linear_m_s @ STEP[:3] > 0.0
    arrived = stream.due(START + STEP, 0.2)
    assert arrived is not None
    assert arrived.last
    assert stream.due(START + STEP, 0.22) is None


def test_a_tool_that_never_arrives_is_given_up() -> None:
    stream = ToolStream(PERIOD_S, Gantry())
    stream.begin(step_to(START + STEP, 0.02), START, 0.0)
    assert stream.due(START, 0.04) is not None
    late = stream.due(START, 0.05 + SETTLE_S)
    assert late is not None
    assert late.last
    assert stream.due(START, 0.1 + SETTLE_S) is None


def test_a_tool_velocity_keeps_its_limit_and_direction() -> None:
    stream = StepStream(PERIOD_S)
    stream.begin(step_to(START + STEP, 0.05), START, 0.0)
    point = stream.advance(0.025)
    velocity = tool_velocity(Gantry(), point, point.joints_rad, 0.1)
    np.testing.assert_allclose(np.linalg.norm(velocity.linear_m_s), 0.1)
    np.testing.assert_allclose(np.cross(velocity.linear_m_s, STEP[:3]), 0.0, atol=1e-9)
    free = tool_velocity(Gantry(), point, point.joints_rad, 100.0)
    np.testing.assert_allclose(free.linear_m_s, point.speeds_rad_s[:3], atol=1e-9)
    np.testing.assert_allclose(free.yaw_rad_s, point.speeds_rad_s[3], atol=1e-9)
