# SPDX-License-Identifier: Apache-2.0
"""Parameters of base_node."""

from dataclasses import dataclass, replace

from rlcg_core.base_gate import BaseLimits
from rlcg_core.cell import Cell
from rlcg_core.errors import ConfigError
from rlcg_core.parameters import param
from rlcg_core.robots import ROBOTS

DEFAULT_ROBOT = "robot2"


@dataclass(frozen=True)
class BaseParameters:
    """Which base it is, how fast it may drive, and when it must stop."""

    robot: str = param(DEFAULT_ROBOT, "whose base, bins and places", choices=tuple(ROBOTS))
    autostart: bool = param(True, "configure and activate without a lifecycle manager")
    lockstep: bool = param(False, "a command for each new odom instead of rate_hz")
    rate_hz: float = param(20.0, "commands per second in real time", low=1.0, high=200.0)
    stamped: bool = param(True, "cmd_vel is TwistStamped; false: Twist, as older drivers take")
    speed_limit_m_s: float = param(0.3, "greatest speed [m/s]", low=0.01, high=2.0)
    turn_limit_rad_s: float = param(0.5, "greatest turning speed [rad/s]", low=0.01, high=3.0)
    max_odometry_age_s: float = param(0.5, "oldest odom, on both clocks [s]", low=0.02, high=10.0)
    max_future_s: float = param(
        0.02, "how far ahead the stamp of odom may be [s]", low=0.0, high=1.0
    )
    max_drive_s: float = param(30.0, "longest drive [ROS s]", low=1.0, high=600.0)
    reset_cooldown_s: float = param(
        0.5, "a stop cannot be reset sooner [wall s]", low=0.0, high=10.0
    )
    estop_timeout_s: float = param(
        0.0, "longest silence on estop [wall s]; 0: nobody need publish it", low=0.0, high=10.0
    )

    @property
    def cell(self) -> Cell:
        """Return the robot's cell; raises `ConfigError` for a robot without a base."""
        cell = ROBOTS[self.robot].cell
        if cell.base is None:
            raise ConfigError(f"robot is {self.robot}, expected one on a mobile base: robot2")
        return cell

    def limits(self, simulated: bool) -> BaseLimits:
        """Return what bounds a drive; ``simulated``: time is that of a simulator."""
        base = self.cell.base
        assert base is not None  # cell has checked it
        return BaseLimits(
            replace(
                base,
                speed_limit_m_s=self.speed_limit_m_s,
                turn_limit_rad_s=self.turn_limit_rad_s,
            ),
            max_odometry_age_s=self.max_odometry_age_s,
            # In simulation the clock and the odometry of one instant come as two messages.
            max_future_s=self.max_odometry_age_s if simulated else self.max_future_s,
            max_drive_s=self.max_drive_s,
            reset_cooldown_s=self.reset_cooldown_s,
            estop_timeout_s=self.estop_timeout_s,
        )
