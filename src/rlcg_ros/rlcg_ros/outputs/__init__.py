# SPDX-License-Identifier: Apache-2.0
"""The ways out to the robot: one file per mode, all behind `rlcg_core.outputs`."""

from rclpy.lifecycle import LifecycleNode

from rlcg_core.limits import GateLimits
from rlcg_core.outputs import ArmOutput, GripperOutput
from rlcg_core.ports import Kinematics
from rlcg_ros.outputs.arm_pose import PoseOutput
from rlcg_ros.outputs.arm_positions import PositionsOutput
from rlcg_ros.outputs.arm_trajectory import TrajectoryOutput
from rlcg_ros.outputs.arm_twist import TwistOutput
from rlcg_ros.outputs.gripper_action import ActionGripper
from rlcg_ros.outputs.gripper_topics import PositionsGripper, TrajectoryGripper
from rlcg_ros.outputs.robot_output import RobotOutput

__all__ = ["RobotOutput", "arm_output", "gripper_output"]


def arm_output(
    node: LifecycleNode, mode: str, period_s: float, limits: GateLimits, kinematics: Kinematics
) -> ArmOutput:
    """Return the output of a mode of `rlcg_core.outputs.COMMAND_MODES`, sending at ``period_s``."""
    if mode == "joint_positions":
        return PositionsOutput(node, period_s)
    if mode == "twist":
        return TwistOutput(node, period_s, limits, kinematics)
    if mode == "pose":
        return PoseOutput(node, period_s, limits.base_frame, kinematics)
    return TrajectoryOutput(node, limits.joint_names)


def gripper_output(
    node: LifecycleNode, mode: str, joint_name: str, max_effort_n: float
) -> GripperOutput:
    """Return the output of a mode of `rlcg_core.outputs.GRIPPER_MODES`.

    Raises:
        ConfigError: The mode needs control_msgs, which is not installed.
    """
    if mode == "joint_positions":
        return PositionsGripper(node)
    if mode == "joint_trajectory":
        return TrajectoryGripper(node, joint_name)
    return ActionGripper(node, joint_name, max_effort_n, mode == "parallel_gripper_command")
