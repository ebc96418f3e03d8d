# SPDX-License-Identifier: Apache-2.0
"""What a driver publishes and listens to: names, types, QoS, rates, frames, stamps."""

import numpy as np
import pytest
from driver_bench import KINDS, DriverBench
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

from rlcg_ros.conversions import image_from_msg, joints_from_msg, stamp_to_s

PUBLISHED = ("joint_states", "image_raw", "camera_info")


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_publishes_reliably_so_that_every_reader_gets_it(name: str, driver: DriverBench) -> None:
    driver.await_messages(name, 1)
    found = driver.node.get_publishers_info_by_topic(
        driver.node.resolve_topic_name(driver.topic(name))
    )
    assert len(found) == 1, f"{len(found)} publishers of {driver.topic(name)}, expected one"
    package = KINDS[name].__module__.split(".")[0]
    assert found[0].topic_type == f"{package}/msg/{KINDS[name].__name__}"
    assert found[0].qos_profile.reliability == ReliabilityPolicy.RELIABLE


def test_it_listens_for_trajectories_and_keeps_no_old_ones(driver: DriverBench) -> None:
    driver.settle()
    found = driver.node.get_subscriptions_info_by_topic(
        driver.node.resolve_topic_name(driver.topic("joint_trajectory"))
    )
    assert [info.topic_type for info in found] == ["trajectory_msgs/msg/JointTrajectory"]
    assert found[0].qos_profile.durability == DurabilityPolicy.VOLATILE


def test_joint_states_name_every_joint_with_finite_numbers(driver: DriverBench) -> None:
    jaw = driver.robot.parameters["gripper_joint"]
    names: set[str] = set()
    for msg in driver.await_messages("joint_states", 10):
        sample = joints_from_msg(msg)
        names |= set(sample.names)
        assert np.all(np.isfinite(sample.positions))
    assert names >= {*driver.joint_names, jaw}


def test_joint_states_come_in_time(driver: DriverBench) -> None:
    stamps_s = [stamp_to_s(m.header.stamp) for m in driver.await_messages("joint_states", 40)]
    gaps_s = np.diff(stamps_s)
    assert np.all(gaps_s >= 0.0), "stamps must not fall"
    longest_s = driver.robot.parameters["max_joint_age_s"]
    assert np.max(gaps_s) < longest_s, f"a gap of {np.max(gaps_s):.3f} s, expected < {longest_s:g}"
    assert np.median(gaps_s) < 0.5 * driver.robot.parameters["max_joint_gap_s"]


def test_pictures_and_their_calibration_are_of_one_instant_and_frame(driver: DriverBench) -> None:
    pictures = driver.await_messages("image_raw", 4)
    infos = {stamp_to_s(m.header.stamp): m for m in driver.messages("camera_info")}
    for picture in pictures[:-1]:
        info = infos.get(stamp_to_s(picture.header.stamp))
        assert info is not None, "an image has no camera_info of the same stamp"
        assert picture.header.frame_id == info.header.frame_id
        assert picture.header.frame_id.endswith(("_optical_frame", "_optical"))
        assert (picture.width, picture.height) == (info.width, info.height)
        assert image_from_msg(picture).shape == (picture.height, picture.width, 3)
    stamps_s = [stamp_to_s(picture.header.stamp) for picture in pictures]
    assert np.all(np.diff(stamps_s) > 0.0)
    assert np.all(np.diff(stamps_s) < driver.robot.parameters["max_command_age_s"])
