# SPDX-License-Identifier: Apache-2.0
"""Faults to order: what cameras, clocks and drivers do on bad days, for tests."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from rlcg_core.types import ImageArray


@dataclass(frozen=True)
class Faults:
    """Which faults are on; all off by default.

    ``image_delay_s`` [wall s]; ``image_drop``: share of frames lost, 0 to 1; ``image_duplicate``:
    share of frames that come twice, 0 to 1; ``image_freeze``: old pixels under new stamps;
    ``image_encoding``: a false name for the encoding, "" for the true one;
    ``image_shrink``: every n-th pixel only; ``clock_jump_s`` is added to /clock and all stamps;
    ``joints_silent``: no joint states.
    """

    image_delay_s: float = 0.0
    image_drop: float = 0.0
    image_duplicate: float = 0.0
    image_freeze: bool = False
    image_encoding: str = ""
    image_shrink: int = 1
    clock_jump_s: float = 0.0
    joints_silent: bool = False

    @property
    def names(self) -> list[str]:
        """Return the names of the faults that are on."""
        return [name for name, value in vars(self).items() if value != getattr(Faults, name)]


@dataclass(frozen=True)
class Frame:
    """A picture and the simulated time [s] it was taken at."""

    image_hwc: ImageArray
    stamp_s: float


class FaultyCamera:
    """Passes frames on as the faults say; seeded, so that a run can be repeated."""

    def __init__(self, seed: int = 0) -> None:
        self.faults = Faults()
        self._rng = np.random.default_rng(seed)
        self._queue: deque[tuple[float, Frame]] = deque()
        self._frozen: ImageArray | None = None

    def put(self, frame: Frame, monotonic_s: float) -> None:
        """Take a frame from the true camera."""
        faults = self.faults
        if not faults.image_freeze or self._frozen is None:
            self._frozen = frame.image_hwc
        if faults.image_drop > 0.0 and self._rng.random() < faults.image_drop:
            return
        n = faults.image_shrink
        image = np.ascontiguousarray(self._frozen[::n, ::n])
        twice = faults.image_duplicate > 0.0 and self._rng.random() < faults.image_duplicate
        due = (monotonic_s + faults.image_delay_s, Frame(image, frame.stamp_s))
        self._queue.extend([due, due] if twice else [due])

    def due(self, monotonic_s: float) -> list[Frame]:
        """Return the frames whose time has come, oldest first."""
        ready = []
        while self._queue and self._queue[0][0] <= monotonic_s:
            ready.append(self._queue.popleft()[1])
        return ready
