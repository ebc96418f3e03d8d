# SPDX-License-Identifier: Apache-2.0
"""What a gate on the gantry may let pass, by the words of the limits and not by the gate's code."""

import numpy as np
from gantry import GRIPPER, LIMITS

from rlcg_core import spec
from rlcg_core.limits import CUBIC_PEAK_FACTOR
from rlcg_core.motion import Motion


def content_is_sound(numbers: np.ndarray) -> bool:
    """Whether an action's numbers (8,) are finite and within the bounds of the spec."""
    if not np.all(np.isfinite(numbers)):
        return False
    move, sine, cosine, flags = numbers[:3], numbers[3], numbers[4], numbers[5:]
    if np.any(np.abs(move) > spec.DISPLACEMENT_BOUND_M) or abs(np.hypot(sine, cosine) - 1) > 1e-3:
        return False
    if np.any(flags < 0.0) or np.any(flags > 1.0):
        return False
    yaw_rad = np.arctan2(sine, cosine)
    return bool(abs(yaw_rad) <= spec.YAW_BOUND_RAD) and not (flags[0] > 0.5 and flags[1] > 0.5)


def only_stops(numbers: np.ndarray) -> bool:
    """Whether sound numbers ask for nothing but to end the episode."""
    yaw_rad = np.arctan2(numbers[3], numbers[4])
    moves = np.any(numbers[:3]) or yaw_rad != 0.0 or np.any(numbers[5:7] > 0.5)
    return bool(numbers[7] > 0.5 and not moves)


def within_limits(numbers: np.ndarray, joints: np.ndarray) -> bool:
    """Whether an action may pass; on the gantry the joints (4,) are the pose."""
    if not content_is_sound(numbers):
        return False
    move, yaw_rad = numbers[:3], np.arctan2(numbers[3], numbers[4])
    target = joints + np.array([*move, yaw_rad])
    low, high = np.array(LIMITS.workspace.low_m), np.array(LIMITS.workspace.high_m)
    slack_m = LIMITS.workspace_slack_m
    inside = np.all((target[:3] >= low - slack_m) & (target[:3] <= high + slack_m))
    if np.any(move != 0.0) and not inside:
        return False
    limit = np.array(LIMITS.position_limit_rad) - LIMITS.joint_margin_rad
    return only_stops(numbers) or bool(np.all(np.abs(target) <= limit))


def breach(motion: Motion, joints: np.ndarray) -> str:
    """Return which limit a motion from these joints (4,) breaks, or nothing."""
    target, duration_s = motion.trajectory.positions[-1], motion.trajectory.times_s[-1]
    peak = CUBIC_PEAK_FACTOR * np.abs(target - joints) / duration_s
    allowed = LIMITS.joint_speed_fraction * np.array(LIMITS.speed_limit_rad_s)
    tool_m_s = CUBIC_PEAK_FACTOR * np.linalg.norm(target[:3] - joints[:3]) / duration_s
    if np.any(peak > allowed + 1e-9):
        return f"joint speed {peak}"
    if tool_m_s > LIMITS.tool_speed_limit_m_s + 1e-9:
        return f"tool speed {tool_m_s}"
    if not 0.0 <= motion.opening_m <= GRIPPER.opening_max_m:
        return f"opening {motion.opening_m}"
    return ""


def random_numbers(rng: np.random.Generator) -> np.ndarray:
    """Return an action's numbers (8,): mostly near the limits, some wild, some not finite."""
    move = rng.uniform(-0.07, 0.07, 3) * rng.integers(0, 2, 3)
    yaw_rad = rng.uniform(-0.6, 0.6) * rng.integers(0, 2)
    flags = (rng.random(3) < 0.2).astype(float)
    numbers = np.array([*move, np.sin(yaw_rad), np.cos(yaw_rad), *flags])
    kind = rng.random()
    if kind < 0.1:
        numbers[rng.integers(8)] = rng.choice([np.nan, np.inf, -np.inf])
    elif kind < 0.2:
        numbers[rng.integers(8)] = rng.normal() * 10.0 ** rng.integers(-3, 9)
    return numbers
