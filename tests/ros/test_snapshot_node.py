# SPDX-License-Identifier: Apache-2.0
"""snapshot_node as a real process: pictures with the joints of their moment, or a reason."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pictures import STRIPES, stripe_colours, striped
from processes import NodeProcess, parameters
from ros_bench import RosBench
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_srvs.srv import Trigger

from rlcg_core.cell import ROBOT1
from rlcg_core.types import JointSample
from rlcg_policy.calibrate.snapshots import read_pictures, read_snapshot
from rlcg_ros import qos
from rlcg_ros.conversions import camera_to_info, image_to_msg, joints_to_msg

NAMES = ROBOT1.arm.joint_names


class Cell(RosBench):
    """Plays camera and robot, and starts the node."""

    def __init__(self, folder: Path, robot_on: bool = True) -> None:
        super().__init__()
        self.folder, self.robot_on = folder / "snapshots", robot_on
        self.joints, self.moving, self.camera_on = np.zeros(7), 0.0, True
        make = self.node.create_publisher
        self._images = make(Image, "image_raw", qos.IMAGE_PUBLISHED)
        self._infos = make(CameraInfo, "camera_info", qos.IMAGE_PUBLISHED)
        self._states = make(JointState, "joint_states", qos.JOINT_STATES_PUBLISHED)
        self.node.create_timer(0.02, self._tick)
        log = folder / "snapshot.log"
        arguments = parameters(folder=self.folder)
        self.process = NodeProcess("rlcg_policy.snapshot_node", log, *arguments)
        for publisher in (self._images, self._infos, self._states):
            self.until(lambda p=publisher: p.get_subscription_count() > 0, "snapshot_node", 20.0)

    def _tick(self) -> None:
        now_s = time.time()
        self.joints = self.joints + self.moving
        if self.robot_on:
            sample = JointSample(NAMES, self.joints, np.zeros(7), now_s)
            self._states.publish(joints_to_msg(sample))
        if self.camera_on:
            self._infos.publish(camera_to_info(ROBOT1.camera, now_s))
            self._images.publish(image_to_msg(striped(), now_s, "eye"))

    def save(self) -> Trigger.Response:
        return self.call(Trigger, "snapshot_node/save", Trigger.Request())

    def await_answer(self, good: Callable[[Trigger.Response], bool]) -> Trigger.Response:
        """Ask again until the node has seen enough."""
        answers: list[Trigger.Response] = []

        def is_good() -> bool:
            answers.append(self.save())
            return good(answers[-1])

        self.until(is_good, "such an answer")
        return answers[-1]


@pytest.fixture
def cell(tmp_path: Path) -> Iterator[Cell]:
    with Cell(tmp_path) as made, made.process:
        yield made


def test_a_picture_is_saved_with_the_joints_and_the_lens(cell: Cell) -> None:
    cell.joints = np.linspace(-0.3, 0.3, 7)
    answer = cell.await_answer(lambda a: a.success)
    picture = Path(answer.message)
    assert picture.parent == cell.folder
    np.testing.assert_array_equal(
        stripe_colours(read_pictures(cell.folder)[picture]).round(), STRIPES
    )
    found = read_snapshot(picture)
    assert found.joint_names == NAMES
    np.testing.assert_allclose(found.positions_rad, np.linspace(-0.3, 0.3, 7))
    np.testing.assert_allclose(found.camera.intrinsics_px, ROBOT1.camera.intrinsics_px)
    assert abs(found.stamp_s - time.time()) < 5.0
    assert cell.process.end() < 3.0
    assert cell.process.wait() == 0


def test_nothing_is_saved_while_the_arm_moves_or_the_camera_is_silent(cell: Cell) -> None:
    cell.moving = 0.001
    answer = cell.await_answer(lambda a: "moved by" in a.message)
    assert not answer.success
    cell.moving, cell.camera_on = 0.0, False
    answer = cell.await_answer(lambda a: "newest image is" in a.message)
    assert not answer.success
    assert not cell.folder.exists()


def test_without_joint_states_pictures_are_saved_alone_for_the_lens(tmp_path: Path) -> None:
    with Cell(tmp_path, robot_on=False) as cell, cell.process:
        answer = cell.await_answer(lambda a: a.success)
        assert "without joints: no joint_states arrived" in answer.message
        assert read_snapshot(cell.folder / "000.png").joint_names == ()
