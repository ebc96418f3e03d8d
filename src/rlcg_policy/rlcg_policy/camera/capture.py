# SPDX-License-Identifier: Apache-2.0
"""Capturing in a thread of its own: the newest picture is kept, a lost source is opened again."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rlcg_core.joint_history import Instant
from rlcg_core.types import ImageArray
from rlcg_policy.camera.capture_slot import Captured, CaptureReport, CaptureSlot, CaptureState
from rlcg_policy.camera.port import CaptureError, PicturesEndedError, PictureSource

JOIN_S = 1.0


@dataclass(frozen=True)
class BackOff:
    """Pauses before a lost source is opened again [s]: doubled each time, up to a longest one."""

    first_s: float = 0.5
    longest_s: float = 10.0

    def pause_s(self, failures: int) -> float:
        """Return the pause after so many failures in a row (>= 1)."""
        return min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 32))


@dataclass(frozen=True)
class CaptureSettings:
    """What is done with a source; all of it is called in the capturing thread.

    ``make_source`` makes a new source for each start. ``prepare`` turns what the source gives into
    what is published. ``clock`` tells the time of a grab. ``on_picture`` says that there is one.
    """

    make_source: Callable[[], PictureSource]
    prepare: Callable[[ImageArray], ImageArray]
    clock: Callable[[], Instant]
    on_picture: Callable[[], None]
    back_off: BackOff = BackOff()


class Capture:
    """Runs a source and holds its newest picture.

    ``hung``: the last `stop` left a thread behind, as its source did not return; it ends by itself
    when the source does, and gives nothing more.
    """

    def __init__(self, settings: CaptureSettings) -> None:
        self._settings = settings
        self._slot, self._stopping = CaptureSlot(), threading.Event()
        self._thread: threading.Thread | None = None
        self.hung = False

    def start(self) -> None:
        """Begin to capture, unless it runs."""
        if self._thread is not None:
            return
        # A thread that was left behind keeps its own source, slot and event: it cannot disturb.
        self._slot, self._stopping, self.hung = CaptureSlot(), threading.Event(), False
        run = _Run(self._settings, self._slot, self._stopping)
        # A daemon: a source that never returns must not keep the process from ending.
        self._thread = threading.Thread(target=run.run, name="capture", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Cease to capture and drop the newest picture; returns within about a second."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join(JOIN_S)
        self.hung, self._thread = self._thread.is_alive(), None
        self._slot = CaptureSlot()

    def take(self) -> Captured | None:
        """Return the newest picture, or None if it was taken before."""
        return self._slot.take()

    def report(self) -> CaptureReport:
        """Return how it goes."""
        return self._slot.report()


class _Run:
    """The life of one capturing thread."""

    def __init__(
        self, settings: CaptureSettings, slot: CaptureSlot, stopping: threading.Event
    ) -> None:
        self._settings, self._slot, self._stopping = settings, slot, stopping
        self._source = settings.make_source()
        self._last: ImageArray | None = None
        self._failures = 0

    def run(self) -> None:
        try:
            self._slot.note(CaptureState.OPENING, "")
            while not self._stopping.is_set():
                self._connection()
        except PicturesEndedError as end:
            self._slot.note(CaptureState.ENDED, str(end))
        except BaseException as defect:
            # Told in the diagnostics; the traceback goes to the log by threading.excepthook.
            self._slot.note(CaptureState.BROKEN, f"{type(defect).__name__}: {defect}")
            raise
        finally:
            self._source.close()

    def _connection(self) -> None:
        """Open the source and read it until it fails; then wait."""
        try:
            self._source.open()
            self._slot.opened(self._source.details)
            while not self._stopping.is_set():
                self._picture()
        except CaptureError as error:
            self._source.close()
            self._failures += 1
            pause_s = self._settings.back_off.pause_s(self._failures)
            self._slot.note(CaptureState.WAITING, f"{error}; next try in {pause_s:g} s")
            if not self._stopping.wait(pause_s):
                self._slot.note_reconnect()

    def _picture(self) -> None:
        source, settings = self._source, self._settings
        source.grab()
        at = settings.clock()
        image_hwc = settings.prepare(source.retrieve())
        same = source.live and self._last is not None and np.array_equal(self._last, image_hwc)
        self._last, self._failures = image_hwc, 0
        self._slot.put(Captured(image_hwc, at), same)
        if not self._stopping.is_set():
            settings.on_picture()
