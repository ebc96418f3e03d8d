# SPDX-License-Identifier: Apache-2.0
"""Silence within an episode is a fault; between episodes it is not."""

from rlcg_core.gate_checks import GateError
from rlcg_core.joint_history import Instant
from rlcg_core.limits import GateLimits
from rlcg_core.reasons import GateReason


class Deadman:
    """Counts the time since the last command of a running episode."""

    def __init__(self, limits: GateLimits) -> None:
        self._limits = limits
        self._fed_s: float | None = None

    @property
    def armed(self) -> bool:
        """Whether an episode runs, so that silence counts."""
        return self._fed_s is not None

    def clock_s(self, now: Instant) -> float:
        """Return the time in which silence and motions are counted: wall, or simulated [s]."""
        return now.ros_s if self._limits.deadman_in_ros_time else now.monotonic_s

    def feed(self, now: Instant) -> None:
        """A command was carried out."""
        self._fed_s = self.clock_s(now)

    def rest(self) -> None:
        """The episode is over."""
        self._fed_s = None

    def check(self, now: Instant) -> None:
        """Raise `GateError` (DEADMAN) when the silence is too long."""
        if self._fed_s is None:
            return
        silent_s = self.clock_s(now) - self._fed_s
        if silent_s < 0.0:
            self.feed(now)  # the simulation was started anew
        if silent_s > self._limits.deadman_s:
            raise GateError(
                GateReason.DEADMAN,
                f"no command for {silent_s:.2f} s within an episode, expected one every "
                f"{self._limits.deadman_s:g} s: the policy is too slow or gone",
            )
