# SPDX-License-Identifier: Apache-2.0
"""Pictures from files come at a rate."""

from collections.abc import Callable


class Pace:
    """Waits so that calls are ``1 / rate_hz`` apart; time lost is not caught up."""

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._next_s = float("-inf")

    def wait(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """Return when the next call is due; at once the first time."""
        now_s = clock()
        if now_s < self._next_s:
            sleep(self._next_s - now_s)
        self._next_s = max(now_s, self._next_s) + self._period_s
