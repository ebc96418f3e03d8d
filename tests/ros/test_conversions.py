# SPDX-License-Identifier: Apache-2.0
import time

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import CameraInfo, Image, JointState
from trajectory_msgs.msg import JointTrajectory

from rlcg_core import spec
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import InputError
from rlcg_core.types import Action, ArmTrajectory, Decision, JointSample
from rlcg_ros.conversions import (
    camera_from_info,
    camera_to_info,
    command_from_msg,
    decision_to_msg,
    image_from_msg,
    image_to_msg,
    joints_from_msg,
    joints_to_msg,
    stamp_from_s,
    stamp_to_s,
    trajectory_from_msg,
    trajectory_to_msg,
)

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8)

# For each encoding: how the bytes of one pixel (r, g, b) lie in memory, written out by hand.
LAYOUT = {
    "rgb8": lambda r, g, b: [r, g, b],
    "bgr8": lambda r, g, b: [b, g, r],
    "rgba8": lambda r, g, b: [r, g, b, 77],
    "bgra8": lambda r, g, b: [b, g, r, 77],
    "mono8": lambda r, g, b: [g],
}


def message(encoding: str, padding: int = 0, bigendian: int = 0) -> Image:
    """Return PICTURE in an encoding, every row padded with 0xEE."""
    wide = encoding.endswith("16")
    layout = LAYOUT[encoding.replace("16", "8")]
    data = bytearray()
    for row in PICTURE:
        for pixel in row:
            for value in layout(*(int(v) for v in pixel)):
                low_then_high = [0x5A, value] if wide else [value]
                data += bytes(low_then_high[::-1] if bigendian else low_then_high)
        data += b"\xee" * padding
    height, width = PICTURE.shape[:2]
    msg = Image(height=height, width=width, encoding=encoding, is_bigendian=bigendian)
    msg.step, msg.data = len(data) // height, bytes(data)
    return msg


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("bits", ["8", "16"])
@pytest.mark.parametrize("bigendian", [0, 1])
@pytest.mark.parametrize("order", ["rgb", "bgr", "rgba", "bgra", "mono"])
def test_every_encoding_is_read_with_its_padding_and_byte_order(
    order: str, bits: str, bigendian: int, padding: int
) -> None:
    expected = PICTURE[..., [1, 1, 1]] if order == "mono" else PICTURE
    found = image_from_msg(message(order + bits, padding, bigendian))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("encoding", ["", "yuv422", "32FC1", "bayer_rggb8", "RGB8", "8UC3"])
def test_an_unknown_encoding_raises_and_lists_the_known(encoding: str) -> None:
    msg = message("rgb8")
    msg.encoding = encoding
    with pytest.raises(InputError, match=f"'{encoding}', expected one of bgr16, bgr8"):
        image_from_msg(msg)


@pytest.mark.parametrize(
    ("field", "value"), [("step", 14), ("step", 16), ("height", 5), ("height", 0), ("width", 0)]
)
def test_a_message_whose_numbers_disagree_raises(field: str, value: int) -> None:
    msg = message("rgb8")
    setattr(msg, field, value)
    with pytest.raises(InputError, match="expected"):
        image_from_msg(msg)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
def test_a_picture_survives_the_round_trip(height: int, width: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    msg = image_to_msg(image, 12.5, "camera_optical_frame")
    np.testing.assert_array_equal(image_from_msg(msg), image)
    assert (msg.header.frame_id, stamp_to_s(msg.header.stamp)) == ("camera_optical_frame", 12.5)


def test_a_picture_that_is_no_rgb_is_not_sent() -> None:
    for bad in (np.zeros((4, 5), np.uint8), np.zeros((4, 5, 3)), np.zeros((4, 5, 4), np.uint8)):
        with pytest.raises(InputError, match="expected"):
            image_to_msg(bad, 0.0, "c")  # type: ignore[arg-type]


def test_a_full_picture_is_written_and_read_without_copying_byte_by_byte() -> None:
    image = RNG.integers(0, 256, (512, 640, 3), dtype=np.uint8)
    begun_s = time.process_time()
    for _ in range(20):
        msg = image_to_msg(image, 0.0, "c")
        found = image_from_msg(msg)
    assert (time.process_time() - begun_s) / 20 < 0.01
    assert not found.flags.writeable
    assert np.shares_memory(found, np.frombuffer(msg.data, np.uint8))


def test_a_camera_survives_the_round_trip() -> None:
    camera = ROBOT1.camera
    msg = camera_to_info(camera, 3.0)
    found = camera_from_info(msg, camera.transform_camera_to_base)
    np.testing.assert_array_equal(found.projection_base_to_px(), camera.projection_base_to_px())
    assert (found.width_px, found.height_px, found.frame_id) == (640, 512, camera.frame_id)


def test_an_uncalibrated_or_distorted_camera_raises() -> None:
    with pytest.raises(InputError, match=r"K\[0\] = 0.*calibrate"):
        camera_from_info(CameraInfo(width=640, height=512), np.eye(4))
    msg = camera_to_info(ROBOT1.camera, 0.0)
    msg.d = [0.1, 0.0, 0.0, 0.0, 0.0]
    with pytest.raises(InputError, match="lens distortion"):
        camera_from_info(msg, np.eye(4))


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.floats(0, 4e9))
def test_joints_survive_the_round_trip(positions: list[float], stamp_s: float) -> None:
    sample = JointSample(("a", "b", "c"), np.array(positions), np.array(positions) * 2, stamp_s)
    found = joints_from_msg(joints_to_msg(sample))
    assert found.names == sample.names
    np.testing.assert_array_equal(found.positions, sample.positions)
    np.testing.assert_array_equal(found.velocities, sample.velocities)
    assert found.stamp_s == pytest.approx(stamp_s, abs=1e-6)


def test_joint_states_without_velocities_or_positions() -> None:
    msg = JointState(name=["a", "b"], position=[1.0, 2.0])
    np.testing.assert_array_equal(joints_from_msg(msg).velocities, [0.0, 0.0])
    msg.position = [1.0]
    with pytest.raises(InputError, match="1 positions for 2 names"):
        joints_from_msg(msg)


@pytest.mark.parametrize("velocities", [None, np.array([[0.1, 0.2], [0.0, 0.0]])])
def test_a_trajectory_survives_the_round_trip_in_any_order(velocities: np.ndarray | None) -> None:
    sent = ArmTrajectory(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, 1.0]), velocities)
    msg = trajectory_to_msg(sent, ("a", "b"))
    assert (msg.header.stamp.sec, msg.header.stamp.nanosec) == (0, 0)
    found = trajectory_from_msg(msg, ("b", "a"), 99.0)
    np.testing.assert_array_equal(found.positions, sent.positions[:, ::-1])
    np.testing.assert_allclose(found.times_s, sent.times_s)
    if velocities is None:
        assert found.velocities is None
    else:
        np.testing.assert_array_equal(found.velocities, velocities[:, ::-1])


def example_trajectory() -> JointTrajectory:
    sent = ArmTrajectory(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, 1.0]))
    return trajectory_to_msg(sent, ("a", "b"))


def test_a_stamped_trajectory_begins_at_its_stamp() -> None:
    msg = example_trajectory()
    msg.header.stamp = stamp_from_s(100.0)
    found = trajectory_from_msg(msg, ("a", "b"), 100.75)
    np.testing.assert_allclose(found.times_s, [0.25])
    np.testing.assert_array_equal(found.positions, [[3.0, 4.0]])
    with pytest.raises(InputError, match="ends before now"):
        trajectory_from_msg(msg, ("a", "b"), 101.5)


@pytest.mark.parametrize("names", [("a",), ("a", "b", "c"), ("a", "c")])
def test_a_trajectory_for_other_joints_raises(names: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="expected all of"):
        trajectory_from_msg(example_trajectory(), names, 0.0)


def test_a_trajectory_with_short_points_or_none_raises() -> None:
    msg = example_trajectory()
    msg.points[1].positions = [1.0]
    with pytest.raises(InputError, match="expected 2 each"):
        trajectory_from_msg(msg, ("a", "b"), 0.0)
    msg.points = []
    with pytest.raises(InputError, match="0 points"):
        trajectory_from_msg(msg, ("a", "b"), 0.0)


@given(
    st.lists(st.floats(-0.06, 0.06), min_size=3, max_size=3),
    st.floats(-0.5, 0.5),
    st.sampled_from([(False, False), (True, False), (False, True)]),
    st.booleans(),
)
def test_an_action_survives_the_way_to_the_gate(
    move: list[float], yaw: float, jaw: tuple[bool, bool], terminate: bool
) -> None:
    action = Action(np.array(move), yaw, jaw[0], jaw[1], terminate)
    decision = Decision(action, 0.7, np.array([1.0, 2.0]), np.array([0.1, 0.2]))
    msg = decision_to_msg(decision, 12.25, "lbr_link_0", "episode", 4)
    assert (msg.episode_id, msg.step, msg.q_value) == ("episode", 4, 0.7)
    assert (list(msg.cem_mean), list(msg.cem_std)) == ([1.0, 2.0], [0.1, 0.2])
    command = command_from_msg(msg, 5.0)
    np.testing.assert_array_equal(command.action, action.to_array())
    assert (command.stamp_s, command.frame_id, command.receipt_s) == (12.25, "lbr_link_0", 5.0)
    assert command.spec_fingerprint == spec.fingerprint()


@given(st.floats(0.0, 4e9))
def test_stamps_keep_the_microsecond(seconds: float) -> None:
    assert stamp_to_s(stamp_from_s(seconds)) == pytest.approx(seconds, abs=1e-6)


def test_a_stamp_never_has_a_full_second_of_nanoseconds() -> None:
    assert stamp_from_s(1.9999999999) == Time(sec=2, nanosec=0)
