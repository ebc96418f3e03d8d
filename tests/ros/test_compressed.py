# SPDX-License-Identifier: Apache-2.0
"""Compressed pictures and calibrations as messages."""

import cv2
import numpy as np
import pytest
from pictures import STRIPES, stripe_colours, striped
from sensor_msgs.msg import CameraInfo, CompressedImage

from rlcg_core.calibration import pinhole, uncalibrated
from rlcg_core.errors import InputError
from rlcg_policy.camera.codec import decode_picture, encode_jpeg
from rlcg_ros.conversions import (
    calibration_from_info,
    calibration_to_info,
    compressed_from_msg,
    compressed_to_msg,
    stamp_to_s,
)


def message(form: str, suffix: str = ".jpg") -> CompressedImage:
    """Return a picture as the drivers of others send it: colours by cv2.imencode of BGR."""
    data = cv2.imencode(suffix, striped()[..., ::-1])[1].tobytes()
    return CompressedImage(format=form, data=data)


@pytest.mark.parametrize(
    ("form", "suffix"),
    [
        ("jpeg", ".jpg"),
        ("jpg", ".jpg"),
        ("png", ".png"),
        ("rgb8; jpeg compressed bgr8", ".jpg"),
        ("bgr8; jpeg compressed bgr8", ".jpg"),
        ("rgb8; png compressed bgr8", ".png"),
        ("rgb8;jpeg compressed ", ".jpg"),
    ],
)
def test_the_formats_of_image_transport_keep_their_colours(form: str, suffix: str) -> None:
    found = compressed_from_msg(message(form, suffix), decode_picture)
    assert (found.shape, found.dtype) == ((512, 640, 3), np.uint8)
    np.testing.assert_allclose(stripe_colours(found), STRIPES, atol=4)


@pytest.mark.parametrize(
    "form",
    [
        "",
        "webp",
        "h264",
        "rgb8; jpeg compressed rgb8",
        "16UC1; png compressed 16UC1",
        "16UC1; compressedDepth",
        "bayer_rggb8; jpeg compressed bayer_rggb8",
        "JPEG ",
    ],
)
def test_an_unknown_format_is_refused_by_name(form: str) -> None:
    with pytest.raises(InputError, match=f"format '{form}', expected 8-bit jpeg or png"):
        compressed_from_msg(message(form), decode_picture)


@pytest.mark.parametrize("length", [0, 3, 100, -1, -500])
@pytest.mark.parametrize(("form", "suffix"), [("jpeg", ".jpg"), ("png", ".png")])
def test_a_picture_that_was_cut_off_is_refused(form: str, suffix: str, length: int) -> None:
    msg = message(form, suffix)
    msg.data = bytes(msg.data)[:length]
    with pytest.raises(InputError, match="no whole"):
        compressed_from_msg(msg, decode_picture)


def test_the_name_must_fit_the_bytes_and_rubbish_is_refused() -> None:
    with pytest.raises(InputError, match="no whole png file"):
        compressed_from_msg(message("png", ".jpg"), decode_picture)
    rubbish = CompressedImage(format="jpeg", data=b"\xff\xd8\xff" + bytes(500) + b"\xff\xd9")
    with pytest.raises(InputError, match="no readable picture"):
        compressed_from_msg(rubbish, decode_picture)
    with pytest.raises(InputError, match="0 bytes"):
        decode_picture(b"")


def test_zeros_after_a_jpeg_are_allowed() -> None:
    msg = message("jpeg")
    msg.data = bytes(msg.data) + bytes(64)
    assert compressed_from_msg(msg, decode_picture).shape == (512, 640, 3)


def test_our_own_jpeg_survives_the_round_trip() -> None:
    msg = compressed_to_msg(encode_jpeg(striped(), 95), 12.5, "eye")
    assert (stamp_to_s(msg.header.stamp), msg.header.frame_id) == (12.5, "eye")
    found = compressed_from_msg(msg, decode_picture)
    np.testing.assert_allclose(stripe_colours(found), STRIPES, atol=4)
    assert len(encode_jpeg(striped(), 5)) < len(encode_jpeg(striped(), 95))


def test_a_calibration_survives_the_message() -> None:
    K = np.array([[500.0, 0.0, 310.0], [0.0, 505.0, 250.0], [0.0, 0.0, 1.0]])
    sent = pinhole(640, 512, K, (-0.3, 0.1, 0.001, -0.002, 0.0), "left")
    msg = calibration_to_info(sent, 3.5, "eye")
    assert (stamp_to_s(msg.header.stamp), msg.header.frame_id) == (3.5, "eye")
    found = calibration_from_info(msg, "left")
    for name in ("intrinsics_px", "distortion", "rectification", "projection_px"):
        np.testing.assert_array_equal(getattr(found, name), getattr(sent, name))


def test_an_uncalibrated_camera_says_its_size_and_zero() -> None:
    msg = calibration_to_info(uncalibrated(640, 512), 0.0, "eye")
    assert (msg.width, msg.height, msg.k[0], list(msg.d)) == (640, 512, 0.0, [])
    with pytest.raises(InputError, match="focal lengths above 0"):
        calibration_from_info(msg, "left")
    with pytest.raises(InputError, match="size is 0x0"):
        calibration_from_info(CameraInfo(), "left")
