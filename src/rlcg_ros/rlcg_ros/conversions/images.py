# SPDX-License-Identifier: Apache-2.0
"""sensor_msgs/Image to and from uint8 RGB arrays (height, width, 3)."""

import array
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import Image

from rlcg_core.errors import InputError
from rlcg_ros.conversions.stamps import stamp_from_s

ImageArray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Encoding:
    """Memory layout of an encoding: channels, bytes per channel, where red, green, blue stand."""

    channels: int
    bytes_per_channel: int
    rgb: tuple[int, int, int]


_ORDERS = {"rgb": (0, 1, 2), "bgr": (2, 1, 0), "rgba": (0, 1, 2), "bgra": (2, 1, 0)}
ENCODINGS: dict[str, Encoding] = {
    "mono8": Encoding(1, 1, (0, 0, 0)),
    "mono16": Encoding(1, 2, (0, 0, 0)),
} | {
    f"{name}{8 * size}": Encoding(len(name), size, order)
    for name, order in _ORDERS.items()
    for size in (1, 2)
}


def image_from_msg(msg: Image) -> ImageArray:
    """Return the picture as uint8 RGB (height, width, 3); raises `InputError` if it cannot be read.

    Rows may be padded (``step``). 16-bit channels keep their high byte, read by ``is_bigendian``.
    For unpadded rgb8 the result is a read-only view of the message: copy it to outlive it.
    """
    encoding = ENCODINGS.get(msg.encoding)
    if encoding is None:
        raise InputError(
            f"image encoding is '{msg.encoding}', expected one of {', '.join(sorted(ENCODINGS))}: "
            "set the camera driver's pixel format"
        )
    pixels = _pixels(msg, encoding)
    if encoding.bytes_per_channel == 2:
        high_byte = 0 if msg.is_bigendian else 1
        pixels = pixels[..., high_byte::2]
    if encoding.channels == 3 and encoding.rgb == (0, 1, 2):
        return pixels
    return np.ascontiguousarray(pixels[..., encoding.rgb])


def image_to_msg(image_hwc: ImageArray, stamp_s: float, frame_id: str) -> Image:
    """Return an rgb8 message of a uint8 RGB array (height, width, 3)."""
    if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or image_hwc.dtype != np.uint8:
        raise InputError(
            f"image is {image_hwc.shape} {image_hwc.dtype}, expected (height, width, 3) uint8"
        )
    height, width = image_hwc.shape[:2]
    msg = Image(height=height, width=width, encoding="rgb8", is_bigendian=0, step=3 * width)
    msg.header.stamp, msg.header.frame_id = stamp_from_s(stamp_s), frame_id
    # An array.array is taken over whole; rclpy would check a list or an ndarray byte by byte.
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(image_hwc).data.cast("B"))
    msg.data = data
    return msg


def _pixels(msg: Image, encoding: Encoding) -> ImageArray:
    row_bytes = msg.width * encoding.channels * encoding.bytes_per_channel
    if row_bytes == 0 or msg.height == 0:
        raise InputError(f"image is {msg.width}x{msg.height} pixels, expected a picture")
    if msg.step < row_bytes or len(msg.data) != msg.step * msg.height:
        raise InputError(
            f"image of {msg.width}x{msg.height} {msg.encoding} has step {msg.step} and "
            f"{len(msg.data)} bytes, expected step >= {row_bytes} and step * height bytes"
        )
    rows = np.frombuffer(msg.data, dtype=np.uint8).reshape(msg.height, msg.step)
    rows.flags.writeable = False
    return rows[:, :row_bytes].reshape(msg.height, msg.width, -1)
