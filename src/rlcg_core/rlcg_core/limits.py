# SPDX-License-Identifier: Apache-2.0
"""What the arm may do: the numbers that the gate enforces, and how long a motion must take."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.cell import ROBOT1, Cell, Workspace
from rlcg_core.errors import ConfigError

FloatArray = npt.NDArray[np.float64]

# A motion from rest to rest along one cubic peaks at 1.5 times its mean speed.
CUBIC_PEAK_FACTOR = 1.5


@dataclass(frozen=True)
class GateLimits:
    """Limits of one cell, in SI units; ages are checked in ROS time and in wall time.

    ``position_limit_rad`` is the upper end of each joint's range, ``position_low_rad`` the lower
    one; empty, it is minus the upper. ``joint_margin_rad`` is kept from both.
    ``joint_speed_fraction`` of ``speed_limit_rad_s`` is what a joint may reach. A step that would
    take longer than ``max_step_duration_s`` at these speeds is refused, not slowed further.

    ``speed_scale`` slows every step after it was found within the limits; the first ``ramp_steps``
    steps after an activation are slower still.

    ``mobile_base``: the arm stands on a base that drives; nothing passes while it does.

    Silence is counted in wall time; ``deadman_in_ros_time`` counts it in simulated time instead, in
    which a slow machine is not late and nothing moves while it stands still.
    """

    joint_names: tuple[str, ...]
    position_limit_rad: tuple[float, ...]
    speed_limit_rad_s: tuple[float, ...]
    workspace: Workspace
    base_frame: str
    tool_speed_limit_m_s: float
    control_rate_hz: float
    position_low_rad: tuple[float, ...] = ()
    joint_margin_rad: float = 0.03
    joint_speed_fraction: float = 0.5
    max_step_m: float = spec.DISPLACEMENT_BOUND_M
    max_step_duration_s: float = 2.0
    workspace_slack_m: float = 0.001
    max_command_age_s: float = 0.5
    max_future_s: float = 0.02
    max_joint_age_s: float = 0.5
    max_joint_future_s: float = 0.02
    max_joint_gap_s: float = 0.1
    sync_wait_s: float = 0.25
    deadman_s: float = 1.0
    deadman_in_ros_time: bool = False
    reset_cooldown_s: float = 0.5
    estop_timeout_s: float = 0.0
    speed_scale: float = 1.0
    ramp_steps: int = 0
    hold_on_activation: bool = True
    gripper_feedback: bool = True
    mobile_base: bool = False

    def __post_init__(self) -> None:
        counts = {len(self.joint_names), len(self.position_limit_rad), len(self.speed_limit_rad_s)}
        if len(counts) != 1 or 0 in counts or len(self.low_rad) != len(self.position_limit_rad):
            raise ConfigError(
                f"{len(self.joint_names)} joint names for {len(self.position_limit_rad)} upper and "
                f"{len(self.low_rad)} lower position and {len(self.speed_limit_rad_s)} speed "
                "limits, expected one of each per joint: without limits nothing moves"
            )
        if np.any(self.high_rad - self.low_rad <= 2.0 * self.joint_margin_rad):
            raise ConfigError(
                f"joints from {self.low_rad.tolist()} to {self.high_rad.tolist()} rad leave no "
                f"room within a margin of {self.joint_margin_rad:g} rad"
            )
        low, high = np.array(self.workspace.low_m), np.array(self.workspace.high_m)
        if low.shape != (3,) or high.shape != (3,) or not np.all(low < high):
            raise ConfigError(
                f"workspace from {low.tolist()} to {high.tolist()} m is no box, "
                "expected three numbers each, low below high"
            )

    @classmethod
    def of_cell(cls, cell: Cell = ROBOT1) -> "GateLimits":
        """Return the limits of a cell description with the defaults for the rest."""
        return cls(
            joint_names=cell.arm.joint_names,
            position_limit_rad=cell.arm.position_limit_rad,
            speed_limit_rad_s=cell.arm.speed_limit_rad_s,
            workspace=cell.workspace,
            base_frame=cell.arm.base_frame,
            tool_speed_limit_m_s=cell.tool_speed_limit_m_s,
            control_rate_hz=cell.control_rate_hz,
            mobile_base=cell.base is not None,
        )

    @property
    def low_rad(self) -> FloatArray:
        """Lower ends of the joints' ranges (n,) [rad]."""
        low = self.position_low_rad or tuple(-limit for limit in self.position_limit_rad)
        return np.array(low, dtype=np.float64)

    @property
    def high_rad(self) -> FloatArray:
        """Upper ends of the joints' ranges (n,) [rad]."""
        return np.array(self.position_limit_rad, dtype=np.float64)

    @property
    def step_period_s(self) -> float:
        """The least duration of a step [s]."""
        return 1.0 / self.control_rate_hz


def joint_duration_s(
    joint_change_rad: FloatArray, limits: GateLimits, fraction: float | None = None
) -> float:
    """Return the least time [s] for a change of joints (n,) from rest to rest.

    ``fraction`` of the joints' speed limits is allowed, by default the gate's own.
    """
    part = limits.joint_speed_fraction if fraction is None else fraction
    allowed = part * np.array(limits.speed_limit_rad_s)
    return float(np.max(CUBIC_PEAK_FACTOR * np.abs(joint_change_rad) / allowed))


def step_duration_s(distance_m: float, joint_change_rad: FloatArray, limits: GateLimits) -> float:
    """Return how long a step takes [s]: the slowest of control period, tool speed, joint speed."""
    tool_s = CUBIC_PEAK_FACTOR * distance_m / limits.tool_speed_limit_m_s
    return max(limits.step_period_s, tool_s, joint_duration_s(joint_change_rad, limits))
