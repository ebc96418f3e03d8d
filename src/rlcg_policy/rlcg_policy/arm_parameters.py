# SPDX-License-Identifier: Apache-2.0
"""Parameters of arm_node. A profile gives the robot's; a parameter that is set wins over it."""

from dataclasses import dataclass, replace

from rlcg_core.cell import ArmDescription, GripperDescription
from rlcg_core.errors import ConfigError
from rlcg_core.limits import GateLimits
from rlcg_core.outputs import COMMAND_MODES, GRIPPER_MODES
from rlcg_core.parameters import param
from rlcg_policy.limit_parameters import LimitParameters

DEFAULT_PROFILE = "sim"


@dataclass(frozen=True)
class ArmParameters(LimitParameters):
    """The arm, the gripper, how they are commanded, and the limits of the gate."""

    profile: str = param(DEFAULT_PROFILE, "robot profile: a path, or a name in config/profiles")
    autostart: bool = param(True, "configure, and activate once the robot is identified")
    urdf: str = param("", "robot description: a path, or a name in share")
    base_frame: str = param("", "frame of commands and workspace")
    tool_frame: str = param("", "frame of the tool centre point")
    joint_names: tuple[str, ...] = param((), "arm joints, base first")
    home_rad: tuple[float, ...] = param((), "joints of ~/home [rad]")
    command_mode: str = param(
        COMMAND_MODES[0], "what the arm's driver is sent", choices=COMMAND_MODES
    )
    stream_rate_hz: float = param(
        50.0, "set points per second of the modes other than joint_trajectory", low=5.0, high=500.0
    )
    gripper_mode: str = param(
        GRIPPER_MODES[0], "what the gripper's driver is sent", choices=GRIPPER_MODES
    )
    gripper_joint: str = param("", "gripper joint; its position is the opening [m]")
    gripper_opening_max_m: float = param(0.0, "jaw opening when open [m]", low=0.0, high=0.5)
    gripper_close_time_s: float = param(
        0.5, "time for a full stroke of the jaw [s]", low=0.05, high=10.0
    )
    gripper_max_effort_n: float = param(
        20.0, "greatest force of the jaw, in the action modes [N]", low=0.0, high=500.0
    )
    mobile_base: bool = param(
        False, "the arm stands on a base that drives: nothing passes unless odom says it stands"
    )
    gripper_feedback: bool = param(True, "the gripper's joint must be among the joint states")

    @property
    def arm(self) -> ArmDescription:
        """Return the arm; raises `ConfigError` if it is not described, or home does not fit."""
        self._check_given()
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

    def limits(self, simulated: bool) -> GateLimits:
        """Return the gate's limits; ``simulated``: time is that of a simulator.

        Raises:
            ConfigError: Something is not given, or numbers do not fit together.
        """
        self._check_given()
        limits = self.gate_limits(
            self.joint_names, self.base_frame, self.gripper_feedback, simulated
        )
        return replace(limits, mobile_base=self.mobile_base)

    def _check_given(self) -> None:
        """Raise `ConfigError` naming what neither the profile nor a parameter gives."""
        empty = {name for name, value in vars(self).items() if value == "" or value == ()}
        empty |= set() if self.gripper_opening_max_m else {"gripper_opening_max_m"}
        missing = sorted(empty - {"position_low_rad"})
        if missing:
            raise ConfigError(
                f"profile '{self.profile}' does not give {', '.join(missing)}, expected all of "
                "them: without limits nothing moves. Copy the profile, fill it in, and give its "
                "path (docs/robot.md)"
            )
