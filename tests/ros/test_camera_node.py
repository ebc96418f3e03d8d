# SPDX-License-Identifier: Apache-2.0
"""camera_node as a real process over files and a stream; no camera stands here."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from pictures import network_camera, numbered, silent_camera, striped, write_folder, write_video
from processes import NodeProcess, parameters
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from ros_bench import RosBench
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from sensor_msgs.srv import SetCameraInfo
from std_srvs.srv import SetBool

from rlcg_core.calibration import pinhole
from rlcg_policy.camera.calibration_file import read_calibration, write_calibration
from rlcg_ros import qos
from rlcg_ros.conversions import calibration_to_info, image_from_msg, stamp_to_s

TOPICS = {"image_raw": Image, "camera_info": CameraInfo, "image_raw/compressed": CompressedImage}
K = np.array([[500.0, 0.0, 310.0], [0.0, 505.0, 250.0], [0.0, 0.0, 1.0]])
BENT = pinhole(640, 512, K, (-0.3, 0.1, 0.001, -0.002, 0.0), "left")


class Camera(RosBench):
    """Listens to a camera_node and starts it over what a test says."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        for topic, kind in TOPICS.items():
            self.listen(kind, topic, qos.IMAGE_READ)
        self.listen(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)

    def start(self, video_device: object, **changed: Any) -> NodeProcess:
        values = {
            "video_device": video_device,
            "autostart": True,
            "framerate": 20.0,
            "camera_name": "left",
            "reconnect_longest_s": 0.3,
        }
        arguments = parameters(**{**values, **changed})
        return NodeProcess("rlcg_policy.camera_node", self.folder / "camera.log", *arguments)

    def await_images(self, count: int = 1, timeout_s: float = 15.0) -> list[Image]:
        before = self.count("image_raw")
        self.until(lambda: self.count("image_raw") >= before + count, "image", timeout_s)
        return self.received["image_raw"][before:]

    def status(self, task: str) -> DiagnosticStatus | None:
        for message in reversed(self.received["/diagnostics"]):
            for status in message.status:
                if status.name == f"camera_node: {task}":
                    return status
        return None

    def await_status(self, task: str, level: bytes, text: str) -> dict[str, str]:
        def found() -> bool:
            status = self.status(task)
            return status is not None and status.level == level and text in status.message

        self.until(found, f"{task}: {text}; it is {self.status(task)}")
        status = self.status(task)
        assert status is not None
        return {value.key: value.value for value in status.values}

    def change(self, transition: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=transition))
        return bool(self.call(ChangeState, "camera_node/change_state", request).success)

    def state(self) -> int:
        answer = self.call(GetState, "camera_node/get_state", GetState.Request())
        return int(answer.current_state.id)

    def silent(self, for_s: float = 0.4) -> bool:
        time.sleep(0.2)  # what is on its way may arrive
        before = self.count("image_raw")
        time.sleep(for_s)
        return self.count("image_raw") == before


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    with Camera(tmp_path) as made:
        yield made


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "pictures", [striped(), striped()])


def test_image_and_info_have_one_header_and_are_reliable(camera: Camera, pictures: Path) -> None:
    with camera.start(pictures, compressed=True, frame_id="eye_optical_frame"):
        camera.await_images(5)
        camera.until(lambda: camera.count("image_raw/compressed") > 2, "compressed image")
        stamps = {
            topic: {stamp_to_s(m.header.stamp) for m in camera.received[topic]} for topic in TOPICS
        }
        assert len(stamps["image_raw"] & stamps["camera_info"]) >= 4
        assert stamps["image_raw"] & stamps["image_raw/compressed"]
        image, info = camera.received["image_raw"][-1], camera.received["camera_info"][-1]
        assert (image.encoding, image.width, image.height) == ("rgb8", 640, 512)
        assert image.header.frame_id == info.header.frame_id == "eye_optical_frame"
        assert abs(time.time() - stamp_to_s(image.header.stamp)) < 1.0
        for topic in TOPICS:
            (publisher,) = camera.node.get_publishers_info_by_topic(topic)
            assert publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
            assert publisher.qos_profile.durability == DurabilityPolicy.VOLATILE


def test_users_can_override_the_quality_of_service(camera: Camera, pictures: Path) -> None:
    override = {"qos_overrides./image_raw.publisher.reliability": "best_effort"}
    with camera.start(pictures, **override):
        camera.await_images()
        kinds = {
            topic: camera.node.get_publishers_info_by_topic(topic)[0].qos_profile.reliability
            for topic in ("image_raw", "camera_info")
        }
        assert kinds["image_raw"] == ReliabilityPolicy.BEST_EFFORT
        assert kinds["camera_info"] == ReliabilityPolicy.RELIABLE


def test_an_uncalibrated_camera_is_named_so_and_tells_its_size(
    camera: Camera, pictures: Path
) -> None:
    with camera.start(pictures) as process:
        camera.await_images()
        info = camera.received["camera_info"][-1]
        assert (info.k[0], info.width, info.height) == (0.0, 640, 512)
        values = camera.await_status("calibration", DiagnosticStatus.WARN, "not calibrated")
        assert values["file"] == str(camera.folder / "camera_info" / "left.yaml")
        assert "not calibrated" in process.output


def test_a_calibration_is_taken_over_by_service_written_and_read_again(
    camera: Camera, pictures: Path
) -> None:
    url = f"file://{camera.folder}/${{NAME}}.yaml"
    file = camera.folder / "left.yaml"
    write_calibration(pinhole(640, 512, K * [[2], [2], [1]], camera_name="left"), file)
    with camera.start(pictures, camera_info_url=url):
        camera.await_images()
        assert camera.received["camera_info"][-1].k[0] == 1000.0
        request = SetCameraInfo.Request(camera_info=calibration_to_info(BENT, 0.0, "x"))
        answer = camera.call(SetCameraInfo, "set_camera_info", request)
        assert answer.success, answer.status_message
        camera.until(lambda: camera.received["camera_info"][-1].k[0] == 500.0, "new calibration")
        assert list(camera.received["camera_info"][-1].d) == BENT.distortion.tolist()
    assert read_calibration(file).intrinsics_px[0, 0] == 500.0
    with camera.start(pictures, camera_info_url=url, rectify=True):
        camera.until(lambda: not any(camera.received["camera_info"][-1].d), "rectified camera")
        assert camera.received["camera_info"][-1].k[0] == 500.0
        camera.await_status("calibration", DiagnosticStatus.OK, "calibrated")
        answer = camera.call(SetCameraInfo, "set_camera_info", request)
        assert not answer.success
        assert "set rectify to false" in answer.status_message


def test_a_calibration_of_another_size_or_none_is_refused(camera: Camera, pictures: Path) -> None:
    with camera.start(pictures):
        camera.await_images()
        for wrong in (pinhole(320, 256, K), None):
            info = CameraInfo() if wrong is None else calibration_to_info(wrong, 0.0, "x")
            request = SetCameraInfo.Request(camera_info=info)
            answer = camera.call(SetCameraInfo, "set_camera_info", request)
            assert not answer.success
            assert "expected" in answer.status_message or "calibrate" in answer.status_message
        assert not (camera.folder / "camera_info").exists()


def test_capturing_is_switched_off_and_on(camera: Camera, pictures: Path) -> None:
    with camera.start(pictures):
        camera.await_images()
        assert camera.call(SetBool, "set_capture", SetBool.Request(data=False)).success
        camera.await_status("capture", DiagnosticStatus.STALE, "switched off")
        assert camera.silent()
        assert camera.call(SetBool, "set_capture", SetBool.Request(data=True)).success
        camera.await_images(3)
        camera.await_status("capture", DiagnosticStatus.OK, "running")


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


def test_the_newest_frame_wins_over_a_slow_reader(camera: Camera, tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.avi", [numbered(i, 640, 512) for i in range(10)])
    with camera.start(film, framerate=100.0):
        for image in camera.await_images(20)[5:]:
            assert time.time() - stamp_to_s(image.header.stamp) < 2.0
        latest = stamp_to_s(camera.received["image_raw"][-1].header.stamp)
        assert time.time() - latest < 0.3


def test_a_film_that_is_played_once_ends_and_says_so(camera: Camera, tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.avi", [numbered(i) for i in range(6)])
    with camera.start(film, loop=False, framerate=5.0) as process:
        camera.await_status("capture", DiagnosticStatus.WARN, "has ended after 6 pictures")
        assert camera.silent()
        assert process.running


def test_the_stamp_can_be_moved_back_by_the_cameras_delay(camera: Camera, pictures: Path) -> None:
    with camera.start(pictures, timestamp_offset=-5_000_000_000):
        (image, *_) = camera.await_images()
        assert 4.9 < time.time() - stamp_to_s(image.header.stamp) < 6.0


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


def test_a_password_in_the_url_is_in_no_log_and_no_diagnostics(camera: Camera) -> None:
    with camera.start("rtsp://user:secret@127.0.0.1:9/camera") as process:
        camera.await_status("capture", DiagnosticStatus.ERROR, "cannot be opened")
        told = process.output + str(camera.received["/diagnostics"])
        assert "secret" not in told
        assert "rtsp://***@127.0.0.1:9/camera" in told


def test_a_picture_that_changes_its_size_is_published_at_the_same_one(
    camera: Camera, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "mixed", [striped(640, 512), striped(1280, 720)])
    with camera.start(folder):
        images = camera.await_images(4)
        assert {(m.width, m.height) for m in images} == {(640, 512)}
        assert {image_from_msg(m).shape for m in images} == {(512, 640, 3)}
