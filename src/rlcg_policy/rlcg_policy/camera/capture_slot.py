# SPDX-License-Identifier: Apache-2.0
"""Between the capturing thread and the rest: the newest picture, and how capturing goes."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from rlcg_core.joint_history import Instant
from rlcg_core.types import ImageArray

RATE_WINDOW_S = 3.0


class CaptureState(Enum):
    """What the capturing thread does."""

    STOPPED = "stopped"
    OPENING = "opening"
    RUNNING = "running"
    WAITING = "waiting to try again"
    ENDED = "ended"
    BROKEN = "broken"


@dataclass(frozen=True)
class Captured:
    """A picture as it shall be published, uint8 RGB (height, width, 3), and when it was grabbed."""

    image_hwc: ImageArray
    at: Instant


@dataclass(frozen=True)
class CaptureReport:
    """One look at a running capture; times in seconds.

    ``age_s``: since the newest picture was grabbed, or since the start if there is none.
    ``dropped``: pictures that a newer one replaced before they were taken. ``identical``: how many
    pictures of a live source in a row, the newest one included, had the same pixels.
    ``reconnects``: how often the source was opened again. ``error``: why it gives no picture, empty
    while it does. ``details``: what the source says of itself.
    """

    state: CaptureState
    rate_hz: float
    age_s: float
    frames: int = 0
    dropped: int = 0
    identical: int = 0
    reconnects: int = 0
    error: str = ""
    details: dict[str, str] = field(default_factory=dict)


class CaptureSlot:
    """Holds one picture and counts; any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: Captured | None = None
        self._state, self._error = CaptureState.STOPPED, ""
        self._details: dict[str, str] = {}
        self._frames = self._dropped = self._identical = self._reconnects = 0
        self._newest_s = time.monotonic()
        self._times_s: deque[float] = deque()

    def put(self, picture: Captured, same_as_last: bool) -> None:
        """Replace the picture; ``same_as_last``: it has the pixels of the one before."""
        with self._lock:
            self._dropped += self._newest is not None
            self._newest = picture
            self._state, self._error = CaptureState.RUNNING, ""
            self._identical = self._identical + 1 if same_as_last else 1
            self._frames += 1
            self._newest_s = picture.at.monotonic_s
            self._times_s.append(self._newest_s)

    def take(self) -> Captured | None:
        """Return the newest picture, or None if it was taken before."""
        with self._lock:
            newest, self._newest = self._newest, None
        return newest

    def opened(self, details: dict[str, str]) -> None:
        """Keep what the source says of itself."""
        with self._lock:
            self._details = dict(details)

    def note(self, state: CaptureState, error: str) -> None:
        """Keep the state and why there is no picture."""
        with self._lock:
            self._state, self._error = state, error

    def note_reconnect(self) -> None:
        """Count an attempt to open a lost source again."""
        with self._lock:
            self._state = CaptureState.OPENING
            self._reconnects += 1

    def report(self) -> CaptureReport:
        """Return how it goes now."""
        now_s = time.monotonic()
        with self._lock:
            return CaptureReport(
                self._state,
                self._rate_hz(now_s),
                now_s - self._newest_s,
                self._frames,
                self._dropped,
                self._identical,
                self._reconnects,
                self._error,
                dict(self._details),
            )

    def _rate_hz(self, now_s: float) -> float:
        times_s = self._times_s
        while times_s and now_s - times_s[0] > RATE_WINDOW_S:
            times_s.popleft()
        return (len(times_s) - 1) / (times_s[-1] - times_s[0]) if len(times_s) > 1 else 0.0
