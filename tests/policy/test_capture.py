# SPDX-License-Identifier: Apache-2.0
"""The capturing thread gives the newest picture, and tells what it sees of a source."""

import threading
import time

import pytest
from capture_rig import ScriptedSource, capturing, seen, until

from rlcg_policy.camera.capture_slot import CaptureReport, CaptureState
from rlcg_policy.camera.health import complaints


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
