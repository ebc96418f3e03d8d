# SPDX-License-Identifier: Apache-2.0
"""Newest frame, nearest joint state, and what is wrong with them; over DDS, in one process."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from ros_bench import RosBench
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState

from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_core.types import JointSample
from rlcg_ros import qos
from rlcg_ros.conversions import (
    camera_to_info,
    compressed_to_msg,
    image_to_msg,
    joints_to_msg,
)
from rlcg_ros.sensors import Sensors

ARM, JAW = ROBOT1.arm.joint_names, ROBOT1.gripper.joint_name
PICTURE = np.full((512, 640, 3), 7, np.uint8)


class Camera(RosBench):
    """Publishes what a test says, and holds the sensors under test."""

    def __init__(self) -> None:
        super().__init__()
        node = self.node
        self.changes, self.busy_s = 0, 0.0
        self.sensors = Sensors(
            node, ROBOT1.camera.transform_camera_to_base, ARM, self._count_change
        )
        self._images = node.create_publisher(Image, "image_raw", qos.IMAGE_PUBLISHED)
        self._infos = node.create_publisher(CameraInfo, "camera_info", qos.IMAGE_PUBLISHED)
        self._joints = node.create_publisher(JointState, "joint_states", qos.JOINT_STATES_PUBLISHED)
        for publisher in (self._images, self._infos, self._joints):
            self.until(lambda p=publisher: p.get_subscription_count() > 0, "match")

    def _count_change(self) -> None:
        self.changes += 1
        time.sleep(self.busy_s)

    def _send(self, publisher: object, message: object) -> None:
        before = self.changes
        publisher.publish(message)  # type: ignore[attr-defined]
        self.until(lambda: self.changes > before, "message")

    def image(self, stamp_s: float, picture: np.ndarray = PICTURE, encoding: str = "rgb8") -> None:
        message = image_to_msg(picture, stamp_s, "camera_optical_frame")
        message.encoding = encoding
        self._send(self._images, message)

    def info(self, **changed: object) -> None:
        message = camera_to_info(ROBOT1.camera, 0.0)
        for name, value in changed.items():
            setattr(message, name, value)
        self._send(self._infos, message)

    def joints(self, stamp_s: float, names: tuple[str, ...] = (*ARM, JAW)) -> None:
        positions = np.full(len(names), stamp_s)
        self._send(self._joints, joints_to_msg(JointSample(names, positions, positions, stamp_s)))


@pytest.fixture
def camera() -> Iterator[Camera]:
    with Camera() as made:
        yield made


def test_a_frame_is_received_when_it_comes_not_when_there_is_time_for_it(camera: Camera) -> None:
    camera.info()
    camera.busy_s = 0.4
    camera.joints(1.0)
    camera.busy_s = 0.0
    sent_s = time.monotonic()
    camera.image(1.0)
    assert time.monotonic() - sent_s > 0.2
    image = camera.sensors.image
    assert image is not None
    assert image.receipt_s - sent_s < 0.1


def test_an_image_counts_once_it_is_calibrated(camera: Camera) -> None:
    camera.image(1.0)
    assert camera.sensors.image is None
    camera.info()
    image = camera.sensors.image
    assert image is not None
    assert image.stamp_s == 1.0
    np.testing.assert_allclose(
        image.projection_base_to_px, ROBOT1.camera.projection_base_to_px(), atol=1e-9
    )
    assert camera.sensors.published_s > 1e9


def test_the_newest_image_and_the_joints_nearest_to_it_are_taken(camera: Camera) -> None:
    camera.info()
    for stamp_s in (1.0, 1.1, 1.2, 1.3):
        camera.joints(stamp_s)
    camera.image(1.0)
    camera.image(1.12)
    image, joints = camera.sensors.image, camera.sensors.joints
    assert image is not None
    assert joints is not None
    assert (image.stamp_s, joints.sample.stamp_s) == pytest.approx((1.12, 1.1))


def test_a_clock_that_was_set_back_forgets_the_joints_of_before(camera: Camera) -> None:
    camera.joints(5.0)
    camera.joints(1.0)
    joints = camera.sensors.joints
    assert joints is not None
    assert joints.sample.stamp_s == 1.0


def test_a_gripper_with_a_driver_of_its_own_is_added_to_the_arm(camera: Camera) -> None:
    camera.joints(1.0, (JAW,))
    assert camera.sensors.problem is not None
    camera.joints(2.0, ARM)
    camera.joints(3.0, (JAW,))
    camera.joints(4.0, ARM)
    joints = camera.sensors.joints
    assert camera.sensors.problem is None
    assert joints is not None
    assert joints.sample.pick((*ARM, JAW)).tolist() == pytest.approx([4.0] * 7 + [3.0])


def test_a_problem_lasts_until_a_good_message(camera: Camera) -> None:
    camera.info()
    camera.image(1.0, encoding="bayer_rggb8")
    problem = camera.sensors.problem
    assert problem is not None
    assert problem.reason is Reason.BAD_IMAGE
    camera.image(2.0)
    assert camera.sensors.problem is None


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"k": [0.0] * 9}, "calibrate"),
        ({"d": [0.1, 0.0, 0.0, 0.0, 0.0]}, "distortion"),
        ({"width": 320, "height": 240}, "its camera_info says 320x240"),
    ],
)
def test_a_calibration_that_does_not_fit_is_named(camera: Camera, changed: dict, text: str) -> None:
    camera.info(**changed)
    camera.image(1.0)
    problem = camera.sensors.problem
    assert problem is not None
    assert text in problem.text


def test_compressed_images_are_read_below_the_name_of_the_raw_ones() -> None:
    with RosBench() as bench:
        sensors = Sensors(
            bench.node,
            ROBOT1.camera.transform_camera_to_base,
            ARM,
            lambda: None,
            decode=lambda data: PICTURE if data.endswith(b"\xff\xd9") else PICTURE[:0],
        )
        topics = {"compressed": "image_raw/compressed", "infos": "camera_info"}
        images = bench.node.create_publisher(
            CompressedImage, topics["compressed"], qos.IMAGE_PUBLISHED
        )
        infos = bench.node.create_publisher(CameraInfo, topics["infos"], qos.IMAGE_PUBLISHED)
        for publisher in (images, infos):
            bench.until(lambda p=publisher: p.get_subscription_count() > 0, "match")
        infos.publish(camera_to_info(ROBOT1.camera, 0.0))
        images.publish(compressed_to_msg(b"\xff\xd8\xff\xd9", 2.0, "eye"))
        bench.until(lambda: sensors.image is not None, "image")
        image = sensors.image
        assert image is not None
        assert image.stamp_s == 2.0
        images.publish(CompressedImage(format="h264"))
        bench.until(lambda: sensors.problem is not None, "problem")
        problem = sensors.problem
        assert problem is not None
        assert problem.reason is Reason.BAD_IMAGE
        assert "h264" in problem.text
        sensors.close()
