# SPDX-License-Identifier: Apache-2.0
"""A step that replaces a running one: how long it must take so that nothing becomes too fast.

From rest to rest a cubic peaks at 1.5 times its mean speed. One that begins on the move, and turns,
peaks higher: by up to 1.29 times what the same step from rest would.
"""

import numpy as np
import numpy.typing as npt

from rlcg_core.limits import GateLimits
from rlcg_core.ports import Kinematics
from rlcg_core.trajectory import TrajectoryFollower
from rlcg_core.types import ArmTrajectory

FloatArray = npt.NDArray[np.float64]

PARTS = 16
# Longer than this it need never be, unless the arm was too fast before.
MOST = 1.6
ROUNDS = 6
DIFFERENCE_S = 1e-3
# The arm is a little ahead of where it was measured, which adds to the speed of a turn.
ALLOWED = 0.9
# Slower than this share of a joint's limit, an arm stands.
STANDING = 0.02


class RunningStart:
    """Follows a step in advance, by the controller's own rules, and looks at its speeds."""

    def __init__(self, limits: GateLimits, kinematics: Kinematics) -> None:
        self._kinematics = kinematics
        self._tool_m_s = limits.tool_speed_limit_m_s
        self._joint_rad_s = limits.joint_speed_fraction * np.array(limits.speed_limit_rad_s)

    def unhurried_s(
        self, start: FloatArray, speeds: FloatArray, end: FloatArray, duration_s: float
    ) -> float:
        """Return ``duration_s`` [s], or more if the step would be too fast in it.

        From joints ``start`` (n,) at ``speeds`` (n,) to rest at ``end`` (n,) [rad, rad/s].
        """
        if np.all(np.abs(speeds) <= STANDING * self._joint_rad_s):
            return duration_s
        # What is too fast already only gets slower.
        allowed = max(ALLOWED, self._share_now(start, speeds))
        longest_s = MOST * duration_s
        for _ in range(ROUNDS):
            share = self._peak_share(start, speeds, end, duration_s) / allowed
            if share <= 1.0:
                break
            duration_s = min(duration_s * max(share, 1.02), longest_s)
        return duration_s

    def _share_now(self, start: FloatArray, speeds: FloatArray) -> float:
        """Return the present speed as a share of what is allowed, at most 1."""
        moved_m = self._tool_m(start + DIFFERENCE_S * speeds) - self._tool_m(start)
        tool = float(np.linalg.norm(moved_m)) / DIFFERENCE_S / self._tool_m_s
        return min(1.0, max(tool, float(np.max(np.abs(speeds) / self._joint_rad_s))))

    def _peak_share(
        self, start: FloatArray, speeds: FloatArray, end: FloatArray, duration_s: float
    ) -> float:
        """Return the greatest speed on the way as a share of what is allowed."""
        follower = TrajectoryFollower(start)
        follower.velocities = speeds
        follower.replace(ArmTrajectory(end[None], np.array([duration_s]), np.zeros((1, len(end)))))
        before_m, part_s, share = self._tool_m(start), duration_s / PARTS, 0.0
        for _ in range(PARTS):
            here_m = self._tool_m(follower.advance(part_s))
            tool = float(np.linalg.norm(here_m - before_m)) / part_s / self._tool_m_s
            joint = float(np.max(np.abs(follower.velocities) / self._joint_rad_s))
            share, before_m = max(share, tool, joint), here_m
        return share

    def _tool_m(self, joints_rad: FloatArray) -> FloatArray:
        return self._kinematics.tool_pose(joints_rad).position_m
