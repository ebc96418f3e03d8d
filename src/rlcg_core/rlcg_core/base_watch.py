# SPDX-License-Identifier: Apache-2.0
"""What odometry tells: where a mobile base is, and whether it stands."""

import math
from dataclasses import dataclass

from rlcg_core.base_pose import BasePose
from rlcg_core.gate_checks import GateError
from rlcg_core.joint_history import Instant
from rlcg_core.reasons import GateReason

# Wheel odometry of a base that stands trembles by less.
STILL_M_S, STILL_RAD_S = 0.01, 0.02


@dataclass(frozen=True)
class BaseTwist:
    """Speeds in the base's own frame: ahead and to the left [m/s], turning left [rad/s]."""

    ahead_m_s: float = 0.0
    left_m_s: float = 0.0
    turn_rad_s: float = 0.0

    @property
    def speed_m_s(self) -> float:
        """Speed over the floor [m/s]."""
        return math.hypot(self.ahead_m_s, self.left_m_s)

    @property
    def is_finite(self) -> bool:
        """Whether all of it are numbers."""
        return math.isfinite(self.ahead_m_s + self.left_m_s + self.turn_rad_s)


STILL = BaseTwist()


@dataclass(frozen=True)
class Odometry:
    """Where the base is and how it moves; ``stamp_s`` in ROS time."""

    pose: BasePose
    twist: BaseTwist
    stamp_s: float


class BaseWatch:
    """Keeps the newest odometry and answers only while it is fresh on both clocks."""

    def __init__(self, max_age_s: float, max_future_s: float) -> None:
        self._max_age_s, self._max_future_s = max_age_s, max_future_s
        self._newest: Odometry | None = None
        self._receipt_s = float("nan")

    @property
    def stamp_s(self) -> float:
        """Stamp of the newest odometry, -inf before the first [s, ROS time]."""
        return self._newest.stamp_s if self._newest else float("-inf")

    def note(self, odometry: Odometry, now: Instant) -> None:
        """Take a message."""
        self._newest, self._receipt_s = odometry, now.monotonic_s

    def latest(self, now: Instant) -> Odometry:
        """Return the newest odometry; raises `GateError` unless it is there, sound and fresh."""
        newest = self._newest
        if newest is None:
            raise GateError(
                GateReason.STALE_ODOMETRY,
                "no odom so far, expected the base's odometry: start its driver, or remap odom",
            )
        pose = newest.pose
        if not (newest.twist.is_finite and math.isfinite(pose.x_m + pose.y_m + pose.yaw_rad)):
            raise GateError(
                GateReason.STALE_ODOMETRY, f"odom has non-finite numbers: {pose}, {newest.twist}"
            )
        by_stamp_s = now.ros_s - newest.stamp_s
        age_s = max(by_stamp_s, now.monotonic_s - self._receipt_s)
        if age_s > self._max_age_s or by_stamp_s < -self._max_future_s:
            raise GateError(
                GateReason.STALE_ODOMETRY,
                f"odom is {age_s:.3f} s old (by its stamp {by_stamp_s:.3f} s), expected at most "
                f"{self._max_age_s:g} s: is the base's driver running, do the clocks agree?",
            )
        return newest

    def check_still(self, now: Instant) -> None:
        """Raise `GateError` (BASE_MOVES) unless fresh odometry says that the base stands."""
        twist = self.latest(now).twist
        if twist.speed_m_s > STILL_M_S or abs(twist.turn_rad_s) > STILL_RAD_S:
            raise GateError(
                GateReason.BASE_MOVES,
                f"the base moves at {twist.speed_m_s:.3f} m/s, {twist.turn_rad_s:.3f} rad/s, "
                "expected to stand while the arm works",
            )
