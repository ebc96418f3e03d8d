# SPDX-License-Identifier: Apache-2.0
"""Parameters of arm_node; the defaults are those of the cell `rlcg_core.cell.ROBOT1`."""

from dataclasses import dataclass

from rlcg_core import spec
from rlcg_core.cell import ROBOT1, ArmDescription, GripperDescription, Workspace
from rlcg_core.errors import ConfigError
from rlcg_core.limits import GateLimits
from rlcg_core.parameters import param

_ARM, _GRIPPER, _DEFAULTS = ROBOT1.arm, ROBOT1.gripper, GateLimits.of_cell(ROBOT1)


@dataclass(frozen=True)
class ArmParameters:
    """The arm, the gripper, and the limits of the gate."""

    autostart: bool = param(True, "configure and activate without a lifecycle manager")
    urdf: str = param(ROBOT1.urdf, "robot description: a path, or a name in share")
    base_frame: str = param(_ARM.base_frame, "frame of commands and workspace")
    tool_frame: str = param(_ARM.tool_frame, "frame of the tool centre point")
    joint_names: tuple[str, ...] = param(_ARM.joint_names, "arm joints, base first")
    home_rad: tuple[float, ...] = param(_ARM.home_rad, "joints of ~/home [rad]")
    position_limit_rad: tuple[float, ...] = param(
        _ARM.position_limit_rad, "joint range, symmetric about zero [rad]", low=0.0, high=6.3
    )
    speed_limit_rad_s: tuple[float, ...] = param(
        _ARM.speed_limit_rad_s, "joint speeds of the datasheet [rad/s]", low=0.01, high=10.0
    )
    joint_margin_rad: float = param(
        _DEFAULTS.joint_margin_rad, "kept from the joint limits [rad]", low=0.0, high=0.5
    )
    joint_speed_fraction: float = param(
        _DEFAULTS.joint_speed_fraction, "share of the joint speeds allowed", low=0.01, high=1.0
    )
    workspace_low_m: tuple[float, ...] = param(
        ROBOT1.workspace.low_m, "lower corner of the tool's box in the base frame [m]"
    )
    workspace_high_m: tuple[float, ...] = param(
        ROBOT1.workspace.high_m, "upper corner of the tool's box in the base frame [m]"
    )
    tool_speed_limit_m_s: float = param(
        ROBOT1.tool_speed_limit_m_s, "greatest speed of the tool [m/s]", low=0.005, high=1.0
    )
    max_step_m: float = param(
        _DEFAULTS.max_step_m,
        "greatest displacement per step and axis [m]",
        low=0.001,
        high=spec.DISPLACEMENT_BOUND_M,
    )
    max_step_duration_s: float = param(
        _DEFAULTS.max_step_duration_s, "a step that takes longer is refused [s]", low=0.1, high=30.0
    )
    control_rate_hz: float = param(
        ROBOT1.control_rate_hz, "steps per second; the least step duration", low=0.2, high=50.0
    )
    gripper_joint: str = param(_GRIPPER.joint_name, "gripper joint; its position is the opening")
    gripper_opening_max_m: float = param(
        _GRIPPER.opening_max_m, "jaw opening when open [m]", low=0.0, high=0.5
    )
    gripper_close_time_s: float = param(
        _GRIPPER.close_time_s, "time for a full stroke of the jaw [s]", low=0.05, high=10.0
    )
    max_command_age_s: float = param(
        _DEFAULTS.max_command_age_s,
        "oldest image acted on, on both clocks [s]",
        low=0.02,
        high=10.0,
    )
    max_future_s: float = param(
        _DEFAULTS.max_future_s, "how far ahead a stamp may be [s]", low=0.0, high=1.0
    )
    max_joint_age_s: float = param(
        _DEFAULTS.max_joint_age_s, "oldest joint state, on both clocks [s]", low=0.01, high=10.0
    )
    max_joint_gap_s: float = param(
        _DEFAULTS.max_joint_gap_s,
        "farthest joint state from an image's time [s]",
        low=0.001,
        high=1.0,
    )
    sync_wait_s: float = param(
        _DEFAULTS.sync_wait_s, "wait for clock and joints of the image [wall s]", low=0.0, high=1.0
    )
    deadman_s: float = param(
        _DEFAULTS.deadman_s,
        "silence within an episode that stops the arm [s; simulated s in simulation]",
        low=0.05,
        high=60.0,
    )
    reset_cooldown_s: float = param(
        _DEFAULTS.reset_cooldown_s, "a stop cannot be reset sooner [wall s]", low=0.0, high=10.0
    )

    @property
    def arm(self) -> ArmDescription:
        """Return the arm; raises `ConfigError` if home does not fit the joints."""
        if len(self.home_rad) != len(self.joint_names):
            raise ConfigError(
                f"home_rad has {len(self.home_rad)} numbers, expected one for each of "
                f"{list(self.joint_names)}"
            )
        return ArmDescription(
            self.joint_names,
            self.home_rad,
            self.position_limit_rad,
            self.speed_limit_rad_s,
            self.base_frame,
            self.tool_frame,
        )

    @property
    def gripper(self) -> GripperDescription:
        """Return the gripper."""
        return GripperDescription(
            self.gripper_joint, self.gripper_opening_max_m, self.gripper_close_time_s
        )

    @property
    def limits(self) -> GateLimits:
        """Return the gate's limits; raises `ConfigError` for numbers that do not fit together."""
        return GateLimits(
            joint_names=self.joint_names,
            position_limit_rad=self.position_limit_rad,
            speed_limit_rad_s=self.speed_limit_rad_s,
            workspace=Workspace(_corner(self.workspace_low_m), _corner(self.workspace_high_m)),
            base_frame=self.base_frame,
            tool_speed_limit_m_s=self.tool_speed_limit_m_s,
            control_rate_hz=self.control_rate_hz,
            joint_margin_rad=self.joint_margin_rad,
            joint_speed_fraction=self.joint_speed_fraction,
            max_step_m=self.max_step_m,
            max_step_duration_s=self.max_step_duration_s,
            max_command_age_s=self.max_command_age_s,
            max_future_s=self.max_future_s,
            max_joint_age_s=self.max_joint_age_s,
            max_joint_gap_s=self.max_joint_gap_s,
            sync_wait_s=self.sync_wait_s,
            deadman_s=self.deadman_s,
            reset_cooldown_s=self.reset_cooldown_s,
        )


def _corner(values: tuple[float, ...]) -> tuple[float, float, float]:
    if len(values) != 3:
        raise ConfigError(f"workspace corner {list(values)} m, expected three numbers x, y, z")
    return values[0], values[1], values[2]
