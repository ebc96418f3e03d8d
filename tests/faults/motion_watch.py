# SPDX-License-Identifier: Apache-2.0
"""Whether what the arm did, and what the gate sent, was within the limits; and when it stood."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rlcg_core.cell import ROBOT1, Cell
from rlcg_core.limits import CUBIC_PEAK_FACTOR, GateLimits
from rlcg_policy.kinematics import PinocchioKinematics
from rlcg_ros.conversions import joints_from_msg, stamp_to_s

ROOT = Path(__file__).resolve().parents[2]
NAMES = ROBOT1.arm.joint_names
STILL_RAD_S = 1e-3
# The box is checked at the ends of a step; in between, the tool leaves the straight line a little.
BOX_SLACK_M = 0.003
# The tool's speed follows from the joints' by a difference over so long: stamps may be at fault.
DIFFERENCE_S = 1e-4
# The gate times a step by joint states that are a sample old when it is carried out.
SPEED_SLACK = 1.02
Heard = Sequence[tuple[float, Any]]


class MotionWatch:
    """Judges by the limits of the cell, with kinematics of its own."""

    def __init__(self, cell: Cell = ROBOT1) -> None:
        self._limits = GateLimits.of_cell(cell)
        self._kinematics = PinocchioKinematics(ROOT / "config/urdf" / cell.urdf, cell.arm)

    def rest_s(self, states: Heard) -> float:
        """Return when the arm came to stand for good; the last time heard if it never did."""
        for at_s, msg in reversed(states):
            if np.max(np.abs(msg.velocity[: len(NAMES)])) > STILL_RAD_S:
                return at_s
        return states[0][0]

    def breaches(self, states: Heard, orders: Heard) -> list[str]:
        """Return which limits were broken by the measured motion or by what was sent."""
        return [*self._of_motion(states), *self._of_orders(states, orders)]

    def _of_motion(self, states: Heard) -> list[str]:
        samples = [joints_from_msg(msg) for _, msg in states]
        positions = np.array([sample.pick(NAMES) for sample in samples])
        speeds = np.array([sample.velocities[: len(NAMES)] for sample in samples])
        allowed = self._limits.joint_speed_fraction * np.array(self._limits.speed_limit_rad_s)
        share = float(np.max(np.abs(speeds) / allowed))
        tools_m = np.array([self._kinematics.tool_pose(p).position_m for p in positions])
        found = [f"a joint moved at {share:.2f} of its limit"] if share > SPEED_SLACK else []
        found += ["a joint left its range"] if self._outside(positions) else []
        found += ["the tool left its box"] if self._beyond_box(tools_m) else []
        moved = positions + DIFFERENCE_S * speeds
        later_m = np.array([self._kinematics.tool_pose(p).position_m for p in moved])
        speed_m_s = float(np.max(np.linalg.norm(later_m - tools_m, axis=1))) / DIFFERENCE_S
        allowed_m_s = SPEED_SLACK * self._limits.tool_speed_limit_m_s
        found += [f"the tool moved at {speed_m_s:.3f} m/s"] if speed_m_s > allowed_m_s else []
        return found

    def _of_orders(self, states: Heard, orders: Heard) -> list[str]:
        found = []
        for at_s, msg in orders:
            target = np.array(msg.points[-1].positions)
            if list(msg.joint_names) != list(NAMES) or not np.all(np.isfinite(target)):
                found.append(f"the gate sent {msg}")
                continue
            before = [joints for heard_s, joints in states if heard_s <= at_s] or [states[0][1]]
            measured = joints_from_msg(before[-1]).pick(NAMES)
            duration_s = stamp_to_s(msg.points[-1].time_from_start)
            found += self._of_order(target, measured, duration_s)
        return found

    def _of_order(self, target: np.ndarray, measured: np.ndarray, duration_s: float) -> list[str]:
        allowed = self._limits.joint_speed_fraction * np.array(self._limits.speed_limit_rad_s)
        # What the gate measured may be a few samples younger or older than what was heard here.
        change = np.maximum(np.abs(target - measured) - 0.01, 0.0)
        found = ["the gate sent a joint out of its range"] if self._outside(target[None]) else []
        if self._beyond_box(self._kinematics.tool_pose(target).position_m[None]):
            found.append("the gate sent the tool out of its box")
        if np.any(CUBIC_PEAK_FACTOR * change / duration_s > allowed):
            found.append(f"the gate sent {change} rad in {duration_s:.3f} s")
        return found

    def _beyond_box(self, tools_m: np.ndarray) -> bool:
        box = self._limits.workspace
        low, high = np.array(box.low_m) - BOX_SLACK_M, np.array(box.high_m) + BOX_SLACK_M
        return bool(np.any(tools_m < low) or np.any(tools_m > high))

    def _outside(self, positions: np.ndarray) -> bool:
        limits, margin = self._limits, self._limits.joint_margin_rad
        low, high = limits.low_rad + margin, limits.high_rad - margin
        return bool(np.any(positions < low) or np.any(positions > high))
