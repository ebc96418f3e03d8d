# SPDX-License-Identifier: Apache-2.0
"""How the driver of a mobile base follows `cmd_vel`, and what its `odom` says."""

import time
from itertools import pairwise

import pytest
from driver_bench import DriverBench
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry as OdometryMsg
from rclpy.qos import ReliabilityPolicy

from rlcg_core.base_watch import STILL_M_S
from rlcg_ros import qos
from rlcg_ros.conversions import stamp_to_s
from rlcg_ros.conversions.odometry import odometry_from_msg

SPEED_M_S, LONG_S = 0.05, 0.4


@pytest.fixture
def base(driver: DriverBench) -> DriverBench:
    if not driver.robot.parameters.get("mobile_base"):
        pytest.skip(f"profile {driver.robot.name} has no mobile base")
    if driver.topic("odom") not in driver.received:
        driver.listen(OdometryMsg, driver.topic("odom"), qos.JOINT_STATES_READ)
    return driver


def test_odometry_is_published_reliably_and_in_time(base: DriverBench) -> None:
    messages = base.await_messages("odom", 20)
    (info,) = base.node.get_publishers_info_by_topic(
        base.node.resolve_topic_name(base.topic("odom"))
    )
    assert info.topic_type == "nav_msgs/msg/Odometry"
    assert info.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    stamps_s = [stamp_to_s(msg.header.stamp) for msg in messages]
    assert max(b - a for a, b in pairwise(stamps_s)) < 0.5
    assert messages[-1].child_frame_id
    assert odometry_from_msg(messages[-1]).twist.speed_m_s < STILL_M_S


def test_it_follows_a_twist_and_stands_when_commands_cease(
    base: DriverBench, movable: DriverBench
) -> None:
    out = base.node.create_publisher(TwistStamped, base.topic("cmd_vel"), qos.COMMAND)
    base.until(out.get_subscription_count, "listener on cmd_vel")
    before = odometry_from_msg(base.await_messages("odom", 1)[-1])
    twist = TwistStamped()
    twist.twist.linear.x = SPEED_M_S
    begun_s = time.monotonic()
    while time.monotonic() - begun_s < LONG_S:
        out.publish(twist)
        time.sleep(0.05)

    def stands() -> bool:
        return odometry_from_msg(base.messages("odom")[-1]).twist.speed_m_s < STILL_M_S

    assert not stands()
    base.until(stands, "rest without commands")
    after = odometry_from_msg(base.messages("odom")[-1])
    ((ahead_m, left_m),) = before.pose.seen_from_base([(after.pose.x_m, after.pose.y_m)]).tolist()
    assert 0.3 * SPEED_M_S * LONG_S < ahead_m < 6.0 * SPEED_M_S * LONG_S
    assert abs(left_m) < 0.005
