# SPDX-License-Identifier: Apache-2.0
"""From a set point of the joints to the velocity that a Cartesian servo is told."""

from dataclasses import dataclass

import numpy as np

from rlcg_core.ports import Kinematics
from rlcg_core.step_stream import SetPoint
from rlcg_core.types import FloatArray

# Forward difference over which a joint speed becomes a tool speed.
_DIFFERENCE_S = 1e-3
# Share of the present error that is made good per second.
GAIN_PER_S = 4.0


@dataclass(frozen=True)
class ToolVelocity:
    """Velocity of the tool in the base frame: ``linear_m_s`` (3,), ``yaw_rad_s`` about base z."""

    linear_m_s: FloatArray
    yaw_rad_s: float


def tool_velocity(
    kinematics: Kinematics, point: SetPoint, measured_rad: FloatArray, speed_limit_m_s: float
) -> ToolVelocity:
    """Return the velocity along the step, corrected towards the set point, within the limit.

    Raises:
        KinematicsError: The tool is tilted.
    """
    wanted = kinematics.tool_pose(point.joints_rad)
    soon = kinematics.tool_pose(point.joints_rad + _DIFFERENCE_S * point.speeds_rad_s)
    here = kinematics.tool_pose(measured_rad)
    linear = (soon.position_m - wanted.position_m) / _DIFFERENCE_S
    linear = linear + GAIN_PER_S * (wanted.position_m - here.position_m)
    yaw = _turn(soon.yaw_rad - wanted.yaw_rad) / _DIFFERENCE_S
    yaw += GAIN_PER_S * _turn(wanted.yaw_rad - here.yaw_rad)
    speed_m_s = float(np.linalg.norm(linear))
    share = min(1.0, speed_limit_m_s / speed_m_s) if speed_m_s > 0.0 else 1.0
    return ToolVelocity(share * linear, share * yaw)


def _turn(angle_rad: float) -> float:
    return float(np.arctan2(np.sin(angle_rad), np.cos(angle_rad)))
