# SPDX-License-Identifier: Apache-2.0
"""A capturing thread over a source that a test may unplug, hang or freeze."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from rlcg_core.joint_history import Instant
from rlcg_core.types import ImageArray
from rlcg_policy.camera.capture import BackOff, Capture, CaptureSettings
from rlcg_policy.camera.port import CaptureError, PicturesEndedError

QUICK = BackOff(0.02, 0.05)


class ScriptedSource:
    """Gives picture after picture until the test makes it fail, hang or freeze."""

    name, live = "scripted", True

    def __init__(self) -> None:
        self.details: dict[str, str] = {}
        self.plugged, self.frozen, self.ended, self.defect = True, False, False, False
        self.hanging = threading.Event()
        self.period_s = 0.005
        self.opened = self.closed = self.count = 0
        self.opened_at_s: list[float] = []

    def open(self) -> None:
        self.opened_at_s.append(time.monotonic())
        if not self.plugged:
            raise CaptureError("unplugged")
        self.opened += 1

    def grab(self) -> None:
        time.sleep(self.period_s)
        while self.hanging.is_set():
            time.sleep(0.01)
        if self.ended:
            raise PicturesEndedError("that was all")
        if self.defect:
            raise ZeroDivisionError("a defect")
        if not self.plugged:
            raise CaptureError("unplugged")
        self.count += not self.frozen

    def retrieve(self) -> ImageArray:
        return np.full((4, 6, 3), self.count % 256, np.uint8)

    def close(self) -> None:
        self.closed += 1


@contextmanager
def capturing(
    script: ScriptedSource, back_off: BackOff = QUICK, on_picture: Callable[[], None] | None = None
) -> Iterator[Capture]:
    capture = Capture(
        CaptureSettings(
            lambda: script,
            prepare=lambda image: image,
            clock=lambda: Instant(time.time(), time.monotonic()),
            on_picture=on_picture or (lambda: None),
            back_off=back_off,
        )
    )
    capture.start()
    try:
        yield capture
    finally:
        script.hanging.clear()
        capture.stop()


def until(condition: Callable[[], bool], what: str, timeout_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"no {what}"
        time.sleep(0.002)


def seen(capture: Capture, frames: int) -> Callable[[], bool]:
    return lambda: capture.report().frames >= frames
