# SPDX-License-Identifier: Apache-2.0
"""The topics of a mobile base's driver, as a simulator plays it: ``cmd_vel`` in, ``odom`` out."""

from collections.abc import Callable

from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry as OdometryMsg
from rclpy.node import Node

from rlcg_core.base_watch import BaseTwist, Odometry
from rlcg_core.cell import BaseDescription
from rlcg_ros import qos
from rlcg_ros.conversions.odometry import odometry_to_msg, twist_from_msg


class BaseDriver:
    """Hands on what is commanded, tells where the base is."""

    def __init__(
        self, node: Node, base: BaseDescription, on_twist: Callable[[BaseTwist], None]
    ) -> None:
        self._base, self._on_twist = base, on_twist
        self._odometry_out = node.create_publisher(OdometryMsg, "odom", qos.JOINT_STATES_PUBLISHED)
        node.create_subscription(TwistStamped, "cmd_vel", self._take, qos.COMMAND)

    def publish(self, odometry: Odometry) -> None:
        """Tell where the base is."""
        base = self._base
        self._odometry_out.publish(odometry_to_msg(odometry, base.odom_frame, base.footprint_frame))

    def _take(self, msg: TwistStamped) -> None:
        self._on_twist(twist_from_msg(msg.twist))
