# SPDX-License-Identifier: Apache-2.0
"""How a driver follows trajectories: the rules of joint_trajectory_controller, without a jump."""

import time

import numpy as np
import pytest
from driver_bench import DriverBench
from trajectory_msgs.msg import JointTrajectory

STEP_RAD = 0.05
NEAR_RAD = 0.005


def turned(driver: DriverBench, angle_rad: float = STEP_RAD) -> np.ndarray:
    """Return the measured joints with the last one turned, towards zero."""
    target = driver.joints()
    target[-1] -= angle_rad * (1.0 if target[-1] > 0.0 else -1.0)
    return target


def near(driver: DriverBench, target: np.ndarray) -> bool:
    return bool(np.max(np.abs(driver.joints() - target)) < NEAR_RAD)


def largest_speed(driver: DriverBench) -> float:
    times_s, joints = driver.path()
    return float(np.max(np.abs(np.diff(joints, axis=0)) / np.diff(times_s)[:, None]))


def test_a_trajectory_with_stamp_zero_starts_now_and_ends_at_its_last_point(
    movable: DriverBench,
) -> None:
    target = turned(movable)
    movable.send(movable.trajectory(target, [0.8]))
    begun_s = movable.now_s()
    movable.until(lambda: near(movable, target), "arrival")
    assert 0.3 < movable.now_s() - begun_s < 1.6
    time.sleep(0.3)
    assert movable.stays()
    assert largest_speed(movable) < 3.0 * STEP_RAD / 0.8


def test_joints_are_matched_by_name_not_by_place(movable: DriverBench) -> None:
    target = turned(movable)
    msg = movable.trajectory(target[::-1], [0.6])
    msg.joint_names = list(reversed(msg.joint_names))
    movable.send(msg)
    movable.until(lambda: near(movable, target), "arrival")


def test_a_trajectory_of_later_starts_later(movable: DriverBench) -> None:
    target = turned(movable)
    start_s = movable.now_s() + 0.5
    movable.send(movable.trajectory(target, [0.5], start_s))
    movable.until(lambda: near(movable, target), "arrival")
    assert movable.now_s() > start_s + 0.25


def test_a_new_trajectory_replaces_the_running_one_without_a_jump(movable: DriverBench) -> None:
    home, away = movable.joints(), turned(movable, 2.0 * STEP_RAD)
    movable.send(movable.trajectory(away, [1.0]))
    time.sleep(0.5)
    movable.send(movable.trajectory(home, [1.0]))
    time.sleep(0.3)
    movable.until(lambda: near(movable, home), "return")
    assert not near(movable, away)
    moved_rad = np.max(np.abs(movable.path()[1] - home))
    assert 0.1 * STEP_RAD < moved_rad < 1.9 * STEP_RAD
    assert largest_speed(movable) < 4.0 * 2.0 * STEP_RAD


def test_a_hold_at_the_measured_pose_cancels_without_a_jump(movable: DriverBench) -> None:
    away = turned(movable, 2.0 * STEP_RAD)
    movable.send(movable.trajectory(away, [1.0]))
    time.sleep(0.5)
    here = movable.joints()
    movable.send(movable.trajectory(here, [0.3]))
    time.sleep(0.8)
    assert movable.stays()
    assert np.max(np.abs(movable.joints() - here)) < 1.2 * STEP_RAD
    assert not near(movable, away)
    assert largest_speed(movable) < 4.0 * 2.0 * STEP_RAD


def wholly_past(driver: DriverBench, msg: JointTrajectory) -> None:
    from rlcg_ros.conversions import stamp_from_s

    msg.header.stamp = stamp_from_s(max(0.1, driver.now_s() - 5.0))


def without_a_joint(driver: DriverBench, msg: JointTrajectory) -> None:
    msg.joint_names = msg.joint_names[:-1]
    msg.points[0].positions, msg.points[0].velocities = msg.points[0].positions[:-1], []


def with_a_foreign_joint(driver: DriverBench, msg: JointTrajectory) -> None:
    msg.joint_names = [*msg.joint_names[:-1], "joint_of_another_robot"]


def with_too_few_numbers(driver: DriverBench, msg: JointTrajectory) -> None:
    msg.points[0].positions = msg.points[0].positions[:-1]


def going_back_in_time(driver: DriverBench, msg: JointTrajectory) -> None:
    msg.points = [*driver.trajectory(driver.joints(), [0.9]).points, *msg.points]


def ending_in_motion(driver: DriverBench, msg: JointTrajectory) -> None:
    msg.points[-1].velocities = [0.1] * len(driver.joint_names)


@pytest.mark.parametrize(
    "spoil",
    [
        wholly_past,
        without_a_joint,
        with_a_foreign_joint,
        with_too_few_numbers,
        going_back_in_time,
        ending_in_motion,
    ],
)
def test_a_trajectory_against_the_rules_moves_nothing(spoil: object, movable: DriverBench) -> None:
    msg = movable.trajectory(turned(movable), [0.4])
    spoil(movable, msg)  # type: ignore[operator]
    movable.send(msg)
    assert movable.stays(0.8)


def test_numbers_that_are_none_move_nothing(movable: DriverBench) -> None:
    if not movable.simulated:
        pytest.skip("controllers differ in whether they look for NaN: not sent to a robot")
    for wrong in (np.nan, np.inf):
        target = turned(movable)
        target[0] = wrong
        movable.send(movable.trajectory(target, [0.4]))
        assert movable.stays(0.6)
