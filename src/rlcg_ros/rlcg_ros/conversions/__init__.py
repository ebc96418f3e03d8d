# SPDX-License-Identifier: Apache-2.0
"""Conversions between ROS messages and the core's types, in pairs. They raise, never guess."""

from rlcg_ros.conversions.cameras import (
    calibration_from_info,
    calibration_to_info,
    camera_from_info,
    camera_to_info,
)
from rlcg_ros.conversions.commands import command_from_msg, decision_to_msg
from rlcg_ros.conversions.compressed import compressed_from_msg, compressed_to_msg
from rlcg_ros.conversions.images import image_from_msg, image_to_msg
from rlcg_ros.conversions.joints import (
    joints_from_msg,
    joints_to_msg,
    trajectory_from_msg,
    trajectory_to_msg,
)
from rlcg_ros.conversions.poses import tool_pose_from_msg, tool_pose_to_msg
from rlcg_ros.conversions.stamps import stamp_from_s, stamp_to_s

__all__ = [
    "calibration_from_info",
    "calibration_to_info",
    "camera_from_info",
    "camera_to_info",
    "command_from_msg",
    "compressed_from_msg",
    "compressed_to_msg",
    "decision_to_msg",
    "image_from_msg",
    "image_to_msg",
    "joints_from_msg",
    "joints_to_msg",
    "stamp_from_s",
    "stamp_to_s",
    "tool_pose_from_msg",
    "tool_pose_to_msg",
    "trajectory_from_msg",
    "trajectory_to_msg",
]
