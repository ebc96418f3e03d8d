# SPDX-License-Identifier: Apache-2.0
"""A camera that is unplugged, late or silent is opened again and holds up no stop."""

import time

import numpy as np
import pytest
from capture_rig import QUICK, ScriptedSource, capturing, seen, until

from rlcg_core.joint_history import Instant
from rlcg_policy.camera.capture import BackOff, Capture, CaptureSettings
from rlcg_policy.camera.capture_slot import CaptureState
from rlcg_policy.camera.health import complaints


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


@pytest.mark.parametrize(
    ("failures", "pause_s"), [(1, 0.5), (2, 1.0), (4, 4.0), (5, 5.0), (9**9, 5.0)]
)
def test_the_back_off_doubles_up_to_the_longest(failures: int, pause_s: float) -> None:
    assert BackOff(0.5, 5.0).pause_s(failures) == pause_s
