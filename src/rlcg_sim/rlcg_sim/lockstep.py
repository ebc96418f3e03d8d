# SPDX-License-Identifier: Apache-2.0
"""When simulated time moves: one step per pair of commands, or along with the wall clock."""

from dataclasses import dataclass

import numpy as np

from rlcg_core.types import ArmTrajectory


@dataclass(frozen=True)
class JawCommand:
    """A jaw opening and the time it has to get there."""

    opening_m: float
    duration_s: float


@dataclass(frozen=True)
class StepOrder:
    """One control step: what to command, and how long to advance."""

    arm: ArmTrajectory
    jaw: JawCommand

    @property
    def duration_s(self) -> float:
        """Until both the arm's and the jaw's last point."""
        return max(float(self.arm.times_s[-1]), self.jaw.duration_s)


class LockStep:
    """Pairs arm and jaw commands, so that the same decisions give the same episode at any speed."""

    def __init__(self) -> None:
        self._arm: ArmTrajectory | None = None
        self._jaw: JawCommand | None = None

    def offer_arm(self, trajectory: ArmTrajectory) -> None:
        """Take the arm's command; a newer one replaces it."""
        self._arm = trajectory

    def offer_jaw(self, jaw: JawCommand) -> None:
        """Take the jaw's command; a newer one replaces it."""
        self._jaw = jaw

    def take(self) -> StepOrder | None:
        """Return the step once there is one command of each, and forget both."""
        if self._arm is None or self._jaw is None:
            return None
        order = StepOrder(self._arm, self._jaw)
        self.clear()
        return order

    def clear(self) -> None:
        """Forget what was offered."""
        self._arm = self._jaw = None


class RealTimePace:
    """Tells how far to advance so that simulated time keeps up with the wall clock.

    ``factor`` is simulated by wall time over the last seconds: below 1 where the machine is slow.
    After a stall it goes on from the present instead of racing to catch up.
    """

    def __init__(self, max_stride_s: float = 0.1, memory_s: float = 2.0) -> None:
        self._max_stride_s, self._memory_s = max_stride_s, memory_s
        self._last_s: float | None = None
        self.factor = 1.0

    def stride_s(self, monotonic_s: float) -> float:
        """Return how much simulated time passes now [s]."""
        if self._last_s is None:
            self._last_s = monotonic_s
            return 0.0
        passed_s = monotonic_s - self._last_s
        self._last_s = monotonic_s
        stride_s = min(passed_s, self._max_stride_s)
        if passed_s > 0.0:
            weight = float(1.0 - np.exp(-passed_s / self._memory_s))
            self.factor += weight * (stride_s / passed_s - self.factor)
        return stride_s

    def restart(self) -> None:
        """Count from the next call on, as after a pause."""
        self._last_s = None
