# SPDX-License-Identifier: Apache-2.0
"""The robot's profile: is it complete, and how far do its limits stay within the URDF's?"""

import math
from pathlib import Path

import numpy as np

from rlcg_core.identity import check_description
from rlcg_core.limits import GateLimits
from rlcg_core.parameters import from_values
from rlcg_policy import profile
from rlcg_policy.arm_parameters import DEFAULT_PROFILE, ArmParameters
from rlcg_policy.doctor.finding import Findings
from rlcg_policy.profile import Profile


def check_profile(report: Findings, name: str, share: Path) -> Profile | None:
    """Add whether the profile can be read; return it, None if it cannot."""
    with report.attempt("profile"):
        found = profile.load(profile.find(name or DEFAULT_PROFILE, share))
        report.ok("profile", f"{found.name}: {found.description}")
        return found
    return None


def settings_of(robot: Profile) -> ArmParameters:
    """Return arm_node's parameters as the profile gives them; raises `ConfigError`."""
    return from_values(ArmParameters, {**robot.parameters, "profile": robot.name})


def check_limits(report: Findings, robot: Profile) -> GateLimits | None:
    """Add what the profile lacks for an activation; return its limits, None if they lack."""
    with report.attempt("limits"):
        return settings_of(robot).limits(simulated=False)
    return None


def check_headroom(report: Findings, robot: Profile, limits: GateLimits, urdfs: Path) -> None:
    """Add how much narrower the limits are than the URDF's; ``urdfs``: the installed ones."""
    with report.attempt("limits"):
        settings = settings_of(robot)
        given = Path(settings.urdf).expanduser()
        text = _headroom(settings, limits, given if given.is_file() else urdfs / given)
        report.ok("limits", f"{robot.name} within {given.name}: {text}")


def _headroom(settings: ArmParameters, limits: GateLimits, urdf: Path) -> str:
    # Imported here: a quick look does without.
    from rlcg_policy.kinematics import PinocchioKinematics

    ranges = PinocchioKinematics(urdf, settings.arm).joint_ranges
    check_description(limits, ranges, urdf.name)
    room_rad = np.minimum(ranges.high_rad - limits.high_rad, limits.low_rad - ranges.low_rad)
    room_rad += limits.joint_margin_rad
    speed = limits.joint_speed_fraction * np.array(limits.speed_limit_rad_s) / ranges.speed_rad_s
    least, fastest = int(np.argmin(room_rad)), int(np.argmax(speed))
    return (
        f"{math.degrees(room_rad[least]):.1f} deg or more from the joints' ends "
        f"({limits.joint_names[least]}), {100.0 * speed[fastest]:.0f}% or less of their speeds "
        f"({limits.joint_names[fastest]})"
    )
