# SPDX-License-Identifier: Apache-2.0
"""Is this the robot that the limits were written for? Asked before anything may move."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import ConfigError
from rlcg_core.gate_checks import GateError
from rlcg_core.limits import GateLimits
from rlcg_core.reasons import GateReason

FloatArray = npt.NDArray[np.float64]

# Limits in files are rounded; a hundredth of a degree is no difference.
SAME_RAD = 2e-4


@dataclass(frozen=True)
class JointRanges:
    """Ranges (n,) of the arm's joints in a robot description [rad, rad/s], in the gate's order."""

    low_rad: FloatArray
    high_rad: FloatArray
    speed_rad_s: FloatArray


def check_description(limits: GateLimits, described: JointRanges, name: str) -> None:
    """Check that no limit of the gate is wider than the description ``name`` allows.

    Raises:
        ConfigError: It names the first such joint with what was found and expected.
    """
    speed_rad_s = np.array(limits.speed_limit_rad_s)
    rows = (
        ("lower limit", limits.low_rad, described.low_rad, -1.0, "rad", "or more"),
        ("upper limit", limits.high_rad, described.high_rad, 1.0, "rad", "or less"),
        ("speed limit", speed_rad_s, described.speed_rad_s, 1.0, "rad/s", "or less"),
    )
    for word, ours, theirs, outward, unit, rest in rows:
        wide = np.flatnonzero(outward * (ours - theirs) > SAME_RAD)
        if len(wide):
            i = int(wide[0])
            raise ConfigError(
                f"{limits.joint_names[i]} has {word} {ours[i]:.4f} {unit}, expected "
                f"{theirs[i]:.4f} {rest} as in {name}: is the profile of this robot?"
            )


def check_stance(measured_rad: FloatArray, limits: GateLimits) -> None:
    """Check that the measured joints (n,) lie within the limits, the margin not counted.

    Raises:
        GateError: A joint stands where this robot's cannot be, so it is another robot or unit.
    """
    excess = np.maximum(measured_rad - limits.high_rad, limits.low_rad - measured_rad)
    if np.any(excess > SAME_RAD):
        i = int(np.argmax(excess))
        raise GateError(
            GateReason.WRONG_ROBOT,
            f"{limits.joint_names[i]} stands at {measured_rad[i]:.3f} rad, expected within "
            f"{limits.low_rad[i]:.3f} to {limits.high_rad[i]:.3f} rad: is the profile of this "
            "robot? If so, jog the joint back by the robot's own panel",
        )


def check_tool(gripper_joint: str, names_seen: set[str], limits: GateLimits) -> None:
    """Check that the gripper's joint was measured, unless the limits let it be silent.

    Raises:
        GateError: No joint state held it.
    """
    if limits.gripper_feedback and gripper_joint not in names_seen:
        raise GateError(
            GateReason.WRONG_ROBOT,
            f"joint_states lacks the gripper's joint '{gripper_joint}', it has "
            f"{sorted(names_seen)}: start the gripper's driver, set gripper_joint, or "
            "gripper_feedback to false",
        )
