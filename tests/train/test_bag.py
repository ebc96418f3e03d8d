# SPDX-License-Identifier: Apache-2.0
"""Frames out of a small bag, written as `ros2 bag record -s mcap` writes one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap_ros2.writer import Writer

from rlcg_core import bundle, stored_frames
from rlcg_core.bundle import Bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import DataError
from rlcg_core.golden import pattern_image
from rlcg_sim.description import find_urdf
from rlcg_sim.ghost_arm import GhostArm
from rlcg_sim.urdf_chain import read_chain, tip_transform
from rlcg_train.bag import BagReader, BagTopics
from rlcg_train.cli import main

HEADER = "std_msgs/Header header\n"
PARTS = """
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""
IMAGE = (
    HEADER + "uint32 height\nuint32 width\nstring encoding\nuint8 is_bigendian\nuint32 step\n"
    "uint8[] data\n" + PARTS
)
CAMERA = (
    HEADER + "uint32 height\nuint32 width\nstring distortion_model\nfloat64[] d\nfloat64[9] k\n"
    "float64[9] r\nfloat64[12] p\n" + PARTS
)
JOINTS = HEADER + "string[] name\nfloat64[] position\nfloat64[] velocity\n" + PARTS
NAMES = (*ROBOT1.arm.joint_names, ROBOT1.gripper.joint_name)
HOME = np.array(ROBOT1.arm.home_rad)


class Bag:
    """Writes messages with the stamp and the log time that a test wants."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._writer = Writer(self._file)
        texts = {
            "sensor_msgs/msg/Image": IMAGE,
            "sensor_msgs/msg/CameraInfo": CAMERA,
            "sensor_msgs/msg/JointState": JOINTS,
        }
        self._schemas = {k: self._writer.register_msgdef(k, v) for k, v in texts.items()}

    def write(self, topic: str, kind: str, time_s: float, **contents: Any) -> None:
        stamp = {"sec": int(time_s), "nanosec": round(1e9 * (time_s % 1))}
        header = {"stamp": stamp, "frame_id": ""}
        self._writer.write_message(
            topic,
            self._schemas[f"sensor_msgs/msg/{kind}"],
            {"header": header, **contents},
            log_time=round(1e9 * (time_s + 0.01)),
        )

    def camera(self, time_s: float, distortion: float = 0.0) -> None:
        k = ROBOT1.camera.intrinsics_px.ravel().tolist()
        sizes = {"height": 512, "width": 640, "distortion_model": "plumb_bob"}
        more = {"d": [distortion] * 5, "k": k, "r": [0.0] * 9, "p": [0.0] * 12}
        self.write("/camera_info", "CameraInfo", time_s, **sizes, **more)

    def joints(self, time_s: float, first_rad: float, opening_m: float) -> None:
        positions = [first_rad, *HOME[1:], opening_m]
        more = {"name": list(NAMES), "position": positions, "velocity": []}
        self.write("/joint_states", "JointState", time_s, **more)

    def image(self, time_s: float, seed: int, encoding: str = "rgb8", padding: int = 0) -> None:
        pixels = pattern_image(seed)[:, :, :: -1 if encoding == "bgr8" else 1]
        rows = np.pad(pixels.reshape(512, 1920), ((0, 0), (0, padding)))
        sizes = {"height": 512, "width": 640, "step": 1920 + padding, "is_bigendian": 0}
        self.write("/image_raw", "Image", time_s, encoding=encoding, data=rows.tobytes(), **sizes)

    def close(self) -> Path:
        self._writer.finish()
        self._file.close()
        return Path(self._file.name)


@pytest.fixture
def bag(tmp_path: Path) -> Bag:
    return Bag(tmp_path / "bag.mcap")


@pytest.fixture
def reader() -> BagReader:
    arm = GhostArm(ROBOT1, find_urdf(ROBOT1.urdf))
    return BagReader(ROBOT1, arm, ROBOT1.camera.transform_camera_to_base)


def test_frames_hold_what_was_recorded_at_their_stamps(bag: Bag, reader: BagReader) -> None:
    bag.camera(1.0)
    bag.joints(1.0, 0.0, 0.08)
    bag.joints(1.1, 0.2, 0.0)
    bag.image(1.05, 3, "bgr8", padding=8)
    bag.image(1.1, 4)
    frames = reader.read(bag.close(), BagTopics())
    chain = read_chain(find_urdf(ROBOT1.urdf), ROBOT1.arm.base_frame, ROBOT1.arm.tool_frame)
    for frame, seed, first_rad in zip(frames, (3, 4), (0.1, 0.2), strict=True):
        np.testing.assert_array_equal(frame.image_hwc, pattern_image(seed))
        expected = tip_transform(chain, ROBOT1.arm.joint_names, np.array([first_rad, *HOME[1:]]))
        np.testing.assert_allclose(frame.tool_pose[:3], expected[:3, 3], atol=1e-4)
        assert frame.state[1] == pytest.approx(frame.tool_pose[2])
        np.testing.assert_allclose(frame.projection, ROBOT1.camera.projection_base_to_px())
    assert frames[0].tool_pose[3] != pytest.approx(frames[1].tool_pose[3], abs=0.05)
    assert [frame.state[0] for frame in frames] == [1.0, 1.0]  # the jaw is under half open
    assert reader.skipped == []


def test_bags_calibrate_int8(model: Bundle, tmp_path: Path) -> None:
    paths = []
    for k in range(2):
        recorded = Bag(tmp_path / f"{k}.mcap")
        recorded.camera(1.0)
        recorded.joints(1.0, 0.1 * k, 0.08)
        recorded.image(1.0, k)
        paths.append(str(recorded.close()))
    arguments = ["quantize", "--model", str(model.folder), "--bag"]
    assert main([*arguments, *paths, "--image-topic", "/other"]) == 1
    assert main([*arguments, *paths]) == 0
    found = bundle.load(model.folder)
    assert [form.precision for form in found.manifest.graphs].count("int8") == 3
    assert found.frames[0].image == stored_frames.pack(pattern_image(1))


def test_an_image_without_joints_or_camera_is_passed_over(bag: Bag, reader: BagReader) -> None:
    bag.image(0.5, 1)
    bag.camera(0.6)
    bag.image(0.7, 2)
    bag.joints(1.0, 0.0, 0.08)
    bag.image(1.02, 3)
    bag.image(1.05, 4, "mono8")
    bag.image(2.0, 5)
    frames = reader.read(bag.close(), BagTopics())
    np.testing.assert_array_equal(frames[0].image_hwc, pattern_image(3))
    assert len(frames) == 1
    assert [len(reader.skipped), frames[0].state[0]] == [4, 0.0]


def test_a_bag_without_frames_says_what_is_missing(bag: Bag, reader: BagReader) -> None:
    bag.camera(1.0, distortion=0.1)
    bag.joints(1.0, 0.0, 0.08)
    bag.image(1.0, 1)
    with pytest.raises(
        DataError, match=r"gives no frame \(2 messages passed over; first: /camera_info: camera"
    ):
        reader.read(bag.close(), BagTopics())


def test_other_topics_are_named(bag: Bag, reader: BagReader) -> None:
    bag.image(1.0, 1)
    with pytest.raises(DataError, match="no message on /other"):
        reader.read(bag.close(), BagTopics(image="/other"))


def test_a_file_that_is_no_bag_is_refused(tmp_path: Path, reader: BagReader) -> None:
    path = tmp_path / "bag.mcap"
    with pytest.raises(DataError, match="is no file"):
        reader.read(path, BagTopics())
    path.write_bytes(b"not a bag at all, but long enough to be one")
    with pytest.raises(DataError, match="cannot be read"):
        reader.read(path, BagTopics())
