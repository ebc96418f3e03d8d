# SPDX-License-Identifier: Apache-2.0
"""Frames out of a ROS 2 bag in MCAP: images, camera_info and joint_states, read without ROS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from rlcg_core.camera import CameraModel
from rlcg_core.cell import Cell
from rlcg_core.errors import DataError, InputError
from rlcg_core.joint_history import JointHistory
from rlcg_core.observer import Observer, SensedImage
from rlcg_core.ports import Kinematics
from rlcg_core.types import ImageArray, JointSample
from rlcg_train.rollout import FloatArray
from rlcg_train.seen_frame import SeenFrame

Result = TypeVar("Result")

MAX_SKEW_S = 0.1
MAX_JOINT_SAMPLES = 1_000_000
CHANNELS = {"rgb8": (0, 1, 2), "bgr8": (2, 1, 0)}


@dataclass(frozen=True)
class BagTopics:
    """Names of the topics in the bag, as recorded."""

    image: str = "/image_raw"
    camera_info: str = "/camera_info"
    joint_states: str = "/joint_states"


class BagReader:
    """Pairs every image with the joints measured at its stamp; counts what it passes over."""

    def __init__(
        self, cell: Cell, kinematics: Kinematics, transform_camera_to_base: FloatArray
    ) -> None:
        """``transform_camera_to_base`` (4, 4): the camera's pose, which no bag holds."""
        self._cell, self._kinematics = cell, kinematics
        self._pose = transform_camera_to_base
        self._observer = Observer(cell, kinematics)
        self._arm = JointHistory(cell.arm.joint_names, MAX_JOINT_SAMPLES)
        self._gripper = JointHistory((cell.gripper.joint_name,), MAX_JOINT_SAMPLES)
        self._projection: FloatArray | None = None
        self.skipped: list[str] = []

    def read(self, path: Path, topics: BagTopics) -> list[SeenFrame]:
        """Return the frames of one bag; raises `DataError` when there are none."""
        if not path.is_file():
            raise DataError(f"{path} is no file: give the .mcap file of the bag")
        try:
            frames = list(self._frames(path, topics))
        except (McapError, EOFError, ValueError) as error:
            raise DataError(f"{path} cannot be read ({error}): record the bag again") from error
        if not frames:
            why = self.skipped[0] if self.skipped else f"it has no message on {topics.image}"
            raise DataError(
                f"{path} gives no frame ({len(self.skipped)} messages passed over; first: {why}): "
                f"record {topics.image}, {topics.camera_info} and {topics.joint_states}, or name "
                "the topics that were recorded"
            )
        return frames

    def _frames(self, path: Path, topics: BagTopics) -> Iterator[SeenFrame]:
        # All joints first: an image is recorded before the joints that came after its exposure.
        for topic, message in _messages(path, [topics.joint_states]):
            self._passing(topic, self._keep_joints, message)
        for topic, message in _messages(path, [topics.image, topics.camera_info]):
            if topic == topics.camera_info:
                self._passing(topic, self._keep_camera, message)
            elif (frame := self._passing(topic, self._frame, message)) is not None:
                yield frame

    def _passing(self, topic: str, use: Callable[[Any], Result], message: Any) -> Result | None:
        """Return what a message gives, None for one that is passed over."""
        try:
            return use(message)
        except InputError as error:
            self.skipped.append(f"{topic}: {error}")
            return None

    def _keep_joints(self, message: Any) -> None:
        sample = JointSample(
            tuple(message.name),
            np.array(message.position, np.float64),
            np.array(message.velocity, np.float64),
            _seconds(message.header.stamp),
        )
        for history in (self._arm, self._gripper):
            history.add(sample, sample.stamp_s)

    def _keep_camera(self, message: Any) -> None:
        intrinsics = np.array(message.k, np.float64).reshape(3, 3)
        if np.any(np.abs(np.array(message.d, np.float64)) > 1e-9):
            raise InputError("camera_info has lens distortion, expected none: rectify first")
        camera = CameraModel(message.width, message.height, intrinsics, self._pose)
        self._projection = camera.projection_base_to_px()

    def _frame(self, message: Any) -> SeenFrame:
        if self._projection is None:
            raise InputError("no camera_info before the first image")
        stamp_s = _seconds(message.header.stamp)
        opening_m = self._gripper.at(stamp_s, MAX_SKEW_S)[0]
        tool = self._kinematics.tool_pose(self._arm.at(stamp_s, MAX_SKEW_S))
        closed = bool(opening_m < 0.5 * self._cell.gripper.opening_max_m)
        image = SensedImage(_picture(message), self._projection, stamp_s, stamp_s)
        return SeenFrame.of(self._observer.observe(image, tool, closed))


def _messages(path: Path, topics: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield topic and decoded message in the order of recording."""
    with path.open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for decoded in reader.iter_decoded_messages(topics=topics):
            yield decoded.channel.topic, decoded.decoded_message


def _seconds(stamp: Any) -> float:
    return float(stamp.sec) + 1e-9 * float(stamp.nanosec)


def _picture(message: Any) -> ImageArray:
    """Return RGB pixels; raises `InputError` for another encoding or a wrong size."""
    order = CHANNELS.get(message.encoding)
    row_bytes, data = 3 * message.width, np.frombuffer(message.data, np.uint8)
    if order is None or message.step < row_bytes or len(data) != message.step * message.height:
        raise InputError(
            f"image is {message.width}x{message.height} {message.encoding} with {len(data)} "
            f"bytes, expected whole rows of {' or '.join(CHANNELS)}"
        )
    rows = data.reshape(message.height, message.step)[:, :row_bytes]
    return np.ascontiguousarray(rows.reshape(message.height, message.width, 3)[..., order])
