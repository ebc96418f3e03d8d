# SPDX-License-Identifier: Apache-2.0
"""camera_node lives on without its camera, says why, and finds it again."""

import time
from pathlib import Path

from camera_bench import Camera
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import State
from pictures import network_camera, silent_camera, striped
from std_srvs.srv import SetBool


def test_pictures_that_go_are_waited_for_and_come_back(camera: Camera, pictures: Path) -> None:
    """As a camera that is unplugged: the node lives, says why, and goes on by itself."""
    with camera.start(pictures):
        camera.await_images(3)
        aside = pictures.with_name("aside")
        pictures.rename(aside)
        camera.await_status("capture", DiagnosticStatus.ERROR, "cannot be read")
        assert camera.silent()
        aside.rename(pictures)
        camera.await_images(3)
        values = camera.await_status("capture", DiagnosticStatus.OK, "running")
        assert int(values["reconnects"]) >= 1
        assert set(values) >= {"rate_hz", "age_s", "dropped", "reconnects", "pictures"}


def test_a_network_camera_that_dies_is_found_again(camera: Camera) -> None:
    with network_camera(striped()) as url:
        port = int(url.split(":")[2].split("/")[0])
        process = camera.start(url)
        camera.await_images(3)
    with process:
        camera.await_status("capture", DiagnosticStatus.ERROR, "next try")
        with network_camera(striped(), port=port):
            camera.await_images(3)
            assert process.end() < 3.0
        assert process.wait() == 0


def test_a_camera_that_hangs_holds_up_neither_the_node_nor_its_end(camera: Camera) -> None:
    with silent_camera() as url, camera.start(url) as process:
        camera.await_status("capture", DiagnosticStatus.ERROR, "the driver does not return")
        begun_s = time.monotonic()
        assert camera.call(SetBool, "set_capture", SetBool.Request(data=False)).success
        assert camera.call(SetBool, "set_capture", SetBool.Request(data=True)).success
        assert camera.state() == State.PRIMARY_STATE_ACTIVE
        assert time.monotonic() - begun_s < 3.0
        assert "its thread is left behind" in process.output
        assert process.end() < 4.0
        assert process.wait() == 0
        assert "Traceback" not in process.output


def test_a_camera_that_is_not_there_is_an_error_and_not_the_end(camera: Camera) -> None:
    with camera.start("/dev/video97") as process:
        camera.await_status("capture", DiagnosticStatus.ERROR, "/dev/video97 cannot be opened")
        assert camera.state() == State.PRIMARY_STATE_ACTIVE
        assert process.running


def test_a_password_in_the_url_is_in_no_log_and_no_diagnostics(camera: Camera) -> None:
    with camera.start("rtsp://user:secret@127.0.0.1:9/camera") as process:
        camera.await_status("capture", DiagnosticStatus.ERROR, "cannot be opened")
        told = process.output + str(camera.received["/diagnostics"])
        assert "secret" not in told
        assert "rtsp://***@127.0.0.1:9/camera" in told
