# SPDX-License-Identifier: Apache-2.0
"""camera_node as a real process over files: the pictures that it publishes, and their stamps."""

import time
from pathlib import Path

from camera_bench import TOPICS, Camera
from diagnostic_msgs.msg import DiagnosticStatus
from pictures import numbered, striped, write_folder, write_video
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

from rlcg_ros.conversions import image_from_msg, stamp_to_s


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


def test_a_picture_that_changes_its_size_is_published_at_the_same_one(
    camera: Camera, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "mixed", [striped(640, 512), striped(1280, 720)])
    with camera.start(folder):
        images = camera.await_images(4)
        assert {(m.width, m.height) for m in images} == {(640, 512)}
        assert {image_from_msg(m).shape for m in images} == {(512, 640, 3)}
