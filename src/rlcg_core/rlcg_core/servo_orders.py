# SPDX-License-Identifier: Apache-2.0
"""What a controller takes that follows set points instead of trajectories."""

from dataclasses import dataclass

from rlcg_core.types import FloatArray, ToolPose

# An order older than this stops the servo: moveit_servo's incoming_command_timeout.
SERVO_TIMEOUT_S = 0.1


@dataclass(frozen=True)
class JointTarget:
    """Go to joints (n,) [rad] at once, as forward_position_controller does."""

    joints_rad: FloatArray


@dataclass(frozen=True)
class ToolTwist:
    """Move the tool: ``linear_m_s`` (3,) and ``angular_rad_s`` (3,) in the base frame."""

    linear_m_s: FloatArray
    angular_rad_s: FloatArray
    stamp_s: float


@dataclass(frozen=True)
class ToolTarget:
    """Go to a tool pose as fast as the servo may."""

    pose: ToolPose
    stamp_s: float


ServoOrder = JointTarget | ToolTwist | ToolTarget
