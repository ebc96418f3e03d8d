# SPDX-License-Identifier: Apache-2.0
"""geometry_msgs/PoseStamped to and from the pose of a tool that points down."""

import math

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped

from rlcg_core.types import ToolPose


def tool_pose_to_msg(pose: ToolPose, frame_id: str, stamp: Time) -> PoseStamped:
    """Return the message: tool z along -z of ``frame_id``, turned by the yaw."""
    msg = PoseStamped()
    msg.header.stamp, msg.header.frame_id = stamp, frame_id
    position = msg.pose.position
    position.x, position.y, position.z = map(float, pose.position_m)
    # A turn by pi about x, then by the yaw about z.
    msg.pose.orientation.x = math.cos(0.5 * pose.yaw_rad)
    msg.pose.orientation.y = math.sin(0.5 * pose.yaw_rad)
    msg.pose.orientation.w = 0.0
    return msg


def tool_pose_from_msg(msg: PoseStamped) -> ToolPose:
    """Return position and yaw; the yaw is that of the tool's x axis about z."""
    position, turn = msg.pose.position, msg.pose.orientation
    x_axis = (
        1.0 - 2.0 * (turn.y**2 + turn.z**2),
        2.0 * (turn.x * turn.y + turn.w * turn.z),
    )
    yaw_rad = math.atan2(x_axis[1], x_axis[0])
    return ToolPose(np.array([position.x, position.y, position.z]), yaw_rad)
