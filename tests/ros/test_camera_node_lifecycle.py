# SPDX-License-Identifier: Apache-2.0
"""camera_node starts, is managed and ends: at once at a signal, in one line at bad settings."""

import signal
from pathlib import Path
from typing import Any

import pytest
from camera_bench import Camera
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from std_srvs.srv import SetBool


def test_capturing_is_switched_off_and_on(camera: Camera, pictures: Path) -> None:
    with camera.start(pictures):
        camera.await_images()
        assert camera.call(SetBool, "set_capture", SetBool.Request(data=False)).success
        camera.await_status("capture", DiagnosticStatus.STALE, "switched off")
        assert camera.silent()
        assert camera.call(SetBool, "set_capture", SetBool.Request(data=True)).success
        camera.await_images(3)
        camera.await_status("capture", DiagnosticStatus.OK, "running")


def test_a_manager_takes_the_camera_through_its_states(camera: Camera, pictures: Path) -> None:
    with camera.start(pictures, autostart=False, compressed=True) as process:
        for _ in range(2):
            assert camera.change(Transition.TRANSITION_CONFIGURE)
            camera.await_status("capture", DiagnosticStatus.STALE, "not active")
            assert camera.silent(0.2)
            for _ in range(2):
                assert camera.change(Transition.TRANSITION_ACTIVATE)
                camera.await_images(2)
                assert camera.change(Transition.TRANSITION_DEACTIVATE)
                assert camera.silent(0.2)
            assert camera.change(Transition.TRANSITION_CLEANUP)
        assert camera.change(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
        assert process.end() < 3.0
        assert process.wait() == 0
        assert "Traceback" not in process.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("device", ["pictures", "/dev/video97"])
def test_a_signal_ends_it_at_once_and_without_a_trace(
    camera: Camera, pictures: Path, number: signal.Signals, device: str
) -> None:
    given = str(pictures) if device == "pictures" else device
    with camera.start(given) as process:
        camera.until(lambda: camera.status("capture") is not None, "diagnostics")
        assert process.end(number) < 2.5
        assert process.wait() == 0
        assert "Traceback" not in process.output
        assert "rcl" not in process.output.lower()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"video_device": "/nowhere/film.avi"}, "video_device is '/nowhere/film.avi'"),
        ({"camera_info_url": "file:///nowhere.yaml"}, "no calibration at /nowhere.yaml"),
        ({"camera_info_url": "package://nothing/a.yaml"}, "package 'nothing' is not found"),
        ({"rectify": True}, "calibrate the camera first"),
        ({"frame_rate": 30.0}, "there is no parameter frame_rate"),
    ],
)
def test_settings_that_cannot_work_end_it_with_one_error(
    camera: Camera, pictures: Path, values: dict[str, Any], text: str
) -> None:
    with camera.start(**{"video_device": pictures, **values}) as process:
        assert process.wait(20.0) == 2
        last = process.output.strip().splitlines()[-1]
        assert last.startswith("error: ")
        assert text in last
        assert "Traceback" not in process.output
