# SPDX-License-Identifier: Apache-2.0
"""nav_msgs/Odometry and geometry_msgs/TwistStamped to and from the motion of a base on a floor.

Imported by nodes of mobile bases alone: the others need no nav_msgs.
"""

import math

from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry as OdometryMsg

from rlcg_core.base_pose import BasePose
from rlcg_core.base_watch import BaseTwist, Odometry
from rlcg_core.errors import InputError
from rlcg_ros.conversions.stamps import stamp_from_s, stamp_to_s

# A base that is tilted by more is not on a floor any more.
MAX_TILT_RAD = 0.1


def odometry_to_msg(odometry: Odometry, odom_frame: str, base_frame: str) -> OdometryMsg:
    """Return the message; the twist is told in the base's own frame."""
    msg = OdometryMsg(child_frame_id=base_frame)
    msg.header.frame_id, msg.header.stamp = odom_frame, stamp_from_s(odometry.stamp_s)
    pose, place = odometry.pose, msg.pose.pose
    place.position.x, place.position.y = pose.x_m, pose.y_m
    place.orientation.z, place.orientation.w = (
        math.sin(0.5 * pose.yaw_rad),
        math.cos(0.5 * pose.yaw_rad),
    )
    msg.twist.twist = twist_to_msg(odometry.twist)
    return msg


def odometry_from_msg(msg: OdometryMsg) -> Odometry:
    """Return where the base is; raises `InputError` for a turn that is none on a floor."""
    place, turn = msg.pose.pose.position, msg.pose.pose.orientation
    norm = math.sqrt(turn.x**2 + turn.y**2 + turn.z**2 + turn.w**2)
    if not abs(norm - 1.0) < 1e-3 or math.hypot(turn.x, turn.y) > math.sin(0.5 * MAX_TILT_RAD):
        raise InputError(
            f"odom has the quaternion x {turn.x:.3g}, y {turn.y:.3g}, z {turn.z:.3g}, w "
            f"{turn.w:.3g}, expected a turn about z alone"
        )
    pose = BasePose(place.x, place.y, 2.0 * math.atan2(turn.z, turn.w))
    return Odometry(pose, twist_from_msg(msg.twist.twist), stamp_to_s(msg.header.stamp))


def twist_to_msg(twist: BaseTwist) -> Twist:
    """Return the speeds in the base's own frame (REP-103)."""
    msg = Twist()
    msg.linear.x, msg.linear.y = twist.ahead_m_s, twist.left_m_s
    msg.angular.z = twist.turn_rad_s
    return msg


def twist_stamped_to_msg(twist: BaseTwist, base_frame: str, stamp_s: float) -> TwistStamped:
    """Return the command of that time."""
    msg = TwistStamped(twist=twist_to_msg(twist))
    msg.header.frame_id, msg.header.stamp = base_frame, stamp_from_s(stamp_s)
    return msg


def twist_from_msg(msg: Twist) -> BaseTwist:
    """Return the speeds on the floor."""
    return BaseTwist(msg.linear.x, msg.linear.y, msg.angular.z)
