# SPDX-License-Identifier: Apache-2.0
"""Parameters of arm_node that bound motion. The robot's own come from the profile: no defaults."""

from dataclasses import dataclass, fields

from rlcg_core import spec
from rlcg_core.cell import workspace
from rlcg_core.limits import GateLimits
from rlcg_core.parameters import param


@dataclass(frozen=True)
class LimitParameters:
    """The limits of the gate; without those of the joints and the workspace nothing is activated.

    What has a default here is a number of the gate; what has none is a property of the robot or
    its cell.
    """

    position_limit_rad: tuple[float, ...] = param(
        (), "upper end of each joint's range [rad]", low=-6.3, high=6.3
    )
    position_low_rad: tuple[float, ...] = param(
        (), "lower end of each joint's range; empty: minus the upper [rad]", low=-6.3, high=6.3
    )
    speed_limit_rad_s: tuple[float, ...] = param(
        (), "joint speeds of the datasheet or the driver [rad/s]", low=0.01, high=10.0
    )
    joint_margin_rad: float = param(0.03, "kept from the joint limits [rad]", low=0.0, high=0.5)
    joint_speed_fraction: float = param(
        0.5, "share of the joint speeds allowed", low=0.01, high=1.0
    )
    workspace_low_m: tuple[float, ...] = param(
        (), "lower corner of the tool's box in the base frame [m]"
    )
    workspace_high_m: tuple[float, ...] = param(
        (), "upper corner of the tool's box in the base frame [m]"
    )
    tool_speed_limit_m_s: float = param(
        0.25, "greatest speed of the tool [m/s]", low=0.005, high=1.0
    )
    max_step_m: float = param(
        spec.DISPLACEMENT_BOUND_M,
        "greatest displacement per step and axis [m]",
        low=0.001,
        high=spec.DISPLACEMENT_BOUND_M,
    )
    max_step_duration_s: float = param(
        2.0, "a step that takes longer at full speed is refused [s]", low=0.1, high=30.0
    )
    control_rate_hz: float = param(
        3.0, "steps per second; the least step duration", low=0.2, high=50.0
    )
    speed_scale: float = param(
        1.0, "share of the allowed speed that steps are made at", low=0.01, high=1.0, settable=True
    )
    ramp_steps: int = param(
        0, "first steps after an activation that are slower still", low=0, high=1000
    )
    hold_on_activation: bool = param(True, "begin with a hold at the measured pose")
    max_command_age_s: float = param(
        0.5, "oldest image acted on, on both clocks [s]", low=0.02, high=10.0
    )
    max_future_s: float = param(
        0.02, "how far ahead the stamp of a command or a joint state may be [s]", low=0.0, high=1.0
    )
    max_joint_age_s: float = param(
        0.5, "oldest joint state, on both clocks [s]", low=0.01, high=10.0
    )
    max_joint_gap_s: float = param(
        0.1, "farthest joint state from an image's time [s]", low=0.001, high=1.0
    )
    sync_wait_s: float = param(
        0.25, "wait for clock and joints of the image [wall s]", low=0.0, high=1.0
    )
    deadman_s: float = param(
        1.0,
        "silence within an episode that stops the arm [s; simulated s in simulation]",
        low=0.05,
        high=60.0,
    )
    reset_cooldown_s: float = param(
        0.5, "a stop cannot be reset sooner [wall s]", low=0.0, high=10.0
    )
    estop_timeout_s: float = param(
        0.0, "longest silence on estop [wall s]; 0: nobody need publish it", low=0.0, high=10.0
    )

    def gate_limits(
        self, joint_names: tuple[str, ...], base_frame: str, gripper_feedback: bool, simulated: bool
    ) -> GateLimits:
        """Return the gate's limits; raises `ConfigError` for numbers that do not fit together."""
        known = {item.name for item in fields(GateLimits)}
        shared = [item.name for item in fields(LimitParameters) if item.name in known]
        return GateLimits(
            **{name: getattr(self, name) for name in shared},
            joint_names=joint_names,
            base_frame=base_frame,
            workspace=workspace(self.workspace_low_m, self.workspace_high_m),
            gripper_feedback=gripper_feedback,
            # In simulation the clock and the joints of one instant come as two messages.
            max_joint_future_s=self.max_joint_age_s if simulated else self.max_future_s,
            deadman_in_ros_time=simulated,
        )
