# SPDX-License-Identifier: Apache-2.0
"""The wheels of a simulated base: they follow the newest twist, and stand when none comes."""

from rlcg_core.base_pose import BasePose
from rlcg_core.base_watch import STILL, BaseTwist, Odometry
from rlcg_core.ports import World

# In lock-step a twist is driven for this long [s]. In real time it holds until the timeout, as
# the drivers of real bases do [wall s].
PERIOD_S, TIMEOUT_S = 0.1, 0.3


class Wheels:
    """Drives the base of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._twist, self._heard_s = STILL, float("-inf")

    def stand(self) -> None:
        """Forget what was commanded."""
        self._twist = STILL

    def take(self, twist: BaseTwist, monotonic_s: float) -> None:
        """Follow a twist; one with numbers that are none stands still."""
        self._twist, self._heard_s = twist if twist.is_finite else STILL, monotonic_s

    def roll(self, duration_s: float) -> None:
        """Drive for so long."""
        twist = self._twist
        if twist == STILL:
            return
        ahead_m, left_m = twist.ahead_m_s * duration_s, twist.left_m_s * duration_s
        self._world.drive_base(BasePose(ahead_m, left_m, twist.turn_rad_s * duration_s))

    def watch(self, monotonic_s: float) -> None:
        """Stand where commands have ceased."""
        if monotonic_s - self._heard_s > TIMEOUT_S:
            self._twist = STILL

    def odometry(self, stamp_s: float) -> Odometry:
        """Return where the base is and how it moves."""
        return Odometry(self._world.base_pose, self._twist, stamp_s)
