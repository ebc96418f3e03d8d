# SPDX-License-Identifier: Apache-2.0
"""Subscribes to ``odom`` for a gate."""

from collections.abc import Callable

from nav_msgs.msg import Odometry as OdometryMsg
from rclpy.node import Node
from rclpy.subscription import Subscription

from rlcg_core.base_watch import Odometry
from rlcg_core.errors import InputError
from rlcg_ros import qos
from rlcg_ros.conversions.odometry import odometry_from_msg
from rlcg_ros.links import Links


def listen_to_odometry(
    node: Node, links: Links, on_odometry: Callable[[Odometry], None]
) -> Subscription:
    """Call ``on_odometry`` with each message; one that cannot be read is told, and grows stale."""

    def take(msg: OdometryMsg) -> None:
        try:
            odometry = odometry_from_msg(msg)
        except InputError as error:
            node.get_logger().error(str(error), throttle_duration_sec=1.0)
            return
        on_odometry(odometry)

    events = links.events("odom")
    return node.create_subscription(
        OdometryMsg, "odom", take, qos.JOINT_STATES_READ, event_callbacks=events
    )
