# SPDX-License-Identifier: Apache-2.0
"""The capturing thread over sources that are unplugged, silent, frozen or too fast."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from rlcg_core.joint_history import Instant
from rlcg_core.types import ImageArray
from rlcg_policy.camera.capture import BackOff, Capture, CaptureSettings
from rlcg_policy.camera.capture_slot import CaptureReport, CaptureState
from rlcg_policy.camera.health import complaints
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


def test_the_newest_picture_is_taken_once_and_the_rest_are_counted_as_dropped() -> None:
    script = ScriptedSource()
    with capturing(script) as capture:
        until(seen(capture, 5), "pictures")
        script.hanging.set()
        time.sleep(0.05)
        picture, report = capture.take(), capture.report()
        assert picture is not None
        assert picture.image_hwc[0, 0, 0] == script.count
        assert report.dropped == report.frames - 1
        assert capture.take() is None


def test_pictures_carry_the_time_of_their_grab_and_are_announced() -> None:
    script, told = ScriptedSource(), threading.Event()
    with capturing(script, on_picture=told.set) as capture:
        assert told.wait(5.0)
        picture = capture.take()
        assert picture is not None
        assert abs(picture.at.ros_s - time.time()) < 0.5
        until(lambda: abs(capture.report().rate_hz - 150) < 60, "a rate of nearly 200 Hz")


def test_an_unplugged_camera_is_opened_again_and_the_pauses_grow() -> None:
    script = ScriptedSource()
    with capturing(script, BackOff(0.05, 0.2)) as capture:
        until(seen(capture, 3), "pictures")
        script.plugged = False
        until(lambda: len(script.opened_at_s) >= 5, "four attempts")
        report = capture.report()
        assert "unplugged; next try in 0.2 s" in report.error
        assert script.closed >= 4, "a lost device is let go before it is opened again"
        assert report.state in (CaptureState.WAITING, CaptureState.OPENING)
        pauses_s = np.diff(script.opened_at_s[1:5])
        assert np.all(pauses_s >= [0.095, 0.195, 0.195]), pauses_s
        script.plugged = True
        before = report.frames
        until(seen(capture, before + 3), "pictures after plugging in")
        report = capture.report()
        assert report.error == ""
        assert report.state is CaptureState.RUNNING
        assert report.reconnects >= 4


def test_the_pauses_are_short_again_after_a_picture() -> None:
    script = ScriptedSource()
    script.plugged = False
    with capturing(script, BackOff(0.02, 5.0)) as capture:
        until(lambda: len(script.opened_at_s) >= 6, "attempts, the last pause of 0.32 s")
        script.plugged = True
        until(seen(capture, 1), "picture")
        script.plugged = False
        attempts = len(script.opened_at_s)
        until(lambda: len(script.opened_at_s) >= attempts + 2, "attempts after the picture")
        assert np.diff(script.opened_at_s)[attempts] < 0.3


def test_a_lost_camera_that_is_waited_for_does_not_hold_up_the_stop() -> None:
    script = ScriptedSource()
    script.plugged = False
    with capturing(script, BackOff(30.0, 30.0)) as capture:
        until(lambda: capture.report().state is CaptureState.WAITING, "waiting")
        begun_s = time.monotonic()
        capture.stop()
        assert time.monotonic() - begun_s < 0.9
        assert not capture.hung


def test_a_camera_that_comes_late_is_waited_for() -> None:
    script = ScriptedSource()
    script.plugged = False
    with capturing(script) as capture:
        until(lambda: capture.report().reconnects >= 2, "attempts")
        assert complaints(capture.report(), 30.0)[0].severe
        script.plugged = True
        until(seen(capture, 1), "picture")


def test_a_camera_that_hangs_is_told_by_its_age_and_does_not_hold_up_the_stop() -> None:
    script = ScriptedSource()
    with capturing(script) as capture:
        until(seen(capture, 3), "pictures")
        script.hanging.set()
        until(lambda: bool(complaints(capture.report(), 30.0)), "complaint", 3.0)
        complaint = complaints(capture.report(), 30.0)[0]
        assert complaint.severe
        assert "the driver does not return" in complaint.text
        begun_s = time.monotonic()
        capture.stop()
        assert time.monotonic() - begun_s < 1.5
        assert capture.hung


def test_a_thread_left_behind_gives_nothing_to_the_next_run() -> None:
    first, second = ScriptedSource(), ScriptedSource()
    scripts = [first, second]
    second.period_s = 0.2
    capture = Capture(
        CaptureSettings(
            lambda: scripts.pop(0),
            prepare=lambda image: image,
            clock=lambda: Instant(time.time(), time.monotonic()),
            on_picture=lambda: None,
            back_off=QUICK,
        )
    )
    capture.start()
    until(seen(capture, 1), "picture")
    first.hanging.set()
    first.count = 100
    capture.stop()
    capture.start()
    first.hanging.clear()
    until(lambda: first.closed > 0, "end of the thread left behind")
    until(seen(capture, 2), "pictures of the second source")
    picture = capture.take()
    assert picture is not None
    assert picture.image_hwc[0, 0, 0] < 10
    capture.stop()
    assert not capture.hung


def test_a_frozen_live_camera_is_counted_and_severe_and_a_still_file_is_not() -> None:
    script = ScriptedSource()
    script.frozen = True
    with capturing(script) as capture:
        until(lambda: capture.report().identical > 30, "identical pictures")
        found = complaints(capture.report(), 5.0)
        assert any(c.severe and "same pixels" in c.text for c in found)
    still = ScriptedSource()
    still.frozen, still.live = True, False
    with capturing(still) as capture:
        until(seen(capture, 20), "pictures")
        assert capture.report().identical == 1


def test_a_slow_camera_is_a_warning() -> None:
    script = ScriptedSource()
    script.period_s = 0.05
    with capturing(script) as capture:
        until(seen(capture, 6), "pictures")
        found = complaints(capture.report(), 100.0)
        assert [c.severe for c in found] == [False]
        assert "expected 100" in found[0].text


def test_the_end_of_a_file_is_an_end_and_no_fault() -> None:
    script = ScriptedSource()
    with capturing(script) as capture:
        until(seen(capture, 1), "picture")
        script.ended = True
        until(lambda: capture.report().state is CaptureState.ENDED, "end")
        assert [c.severe for c in complaints(capture.report(), 30.0)] == [False]
    assert script.closed > 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_does_not_end_the_thread_in_silence() -> None:
    script = ScriptedSource()
    script.defect = True
    with capturing(script) as capture:
        until(lambda: capture.report().state is CaptureState.BROKEN, "broken")
        complaint = complaints(capture.report(), 30.0)[0]
        assert complaint.severe
        assert "ZeroDivisionError: a defect" in complaint.text


def test_stop_and_start_again_in_every_state() -> None:
    script = ScriptedSource()
    with capturing(script) as capture:
        capture.start()
        until(seen(capture, 2), "pictures")
        capture.stop()
        capture.stop()
        assert capture.report().state is CaptureState.STOPPED
        assert capture.take() is None
        count = script.count
        time.sleep(0.5)
        assert script.count == count
        script.hanging.set()
        capture.start()
        assert capture.report().age_s < 0.45
        script.hanging.clear()
        until(seen(capture, 1), "pictures")


def test_no_complaint_about_a_camera_that_keeps_its_rate() -> None:
    good = CaptureReport(CaptureState.RUNNING, rate_hz=29.0, age_s=0.03, frames=100, identical=1)
    assert complaints(good, 30.0) == []


@pytest.mark.parametrize(
    ("failures", "pause_s"), [(1, 0.5), (2, 1.0), (4, 4.0), (5, 5.0), (9**9, 5.0)]
)
def test_the_back_off_doubles_up_to_the_longest(failures: int, pause_s: float) -> None:
    assert BackOff(0.5, 5.0).pause_s(failures) == pause_s
