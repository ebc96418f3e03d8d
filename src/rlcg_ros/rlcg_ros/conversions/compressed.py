# SPDX-License-Identifier: Apache-2.0
"""sensor_msgs/CompressedImage to and from encoded bytes; codecs are given by the caller.

The format is that of image_transport's plugin `compressed`: "rgb8; jpeg compressed bgr8", or just
"jpeg". A JPEG or PNG file holds its colours in an order of its own; the words around say what the
driver had (before) and what the decoder of OpenCV shall give (after).
"""

import array
import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import CompressedImage

from rlcg_core.errors import InputError
from rlcg_ros.conversions.stamps import stamp_from_s

ImageArray = npt.NDArray[np.uint8]
Decoder = Callable[[bytes], ImageArray]

JPEG_FORMAT = "rgb8; jpeg compressed bgr8"
_FORMAT = re.compile(
    r"(?:(?:rgb8|bgr8|rgba8|bgra8|mono8); ?)?(?P<codec>jpe?g|png)(?: compressed ?(?:bgr8|mono8)?)?"
)
_JPEG, _PNG = (b"\xff\xd8\xff", b"\xff\xd9"), (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82")
_ENDS = {"jpg": _JPEG, "jpeg": _JPEG, "png": _PNG}


def compressed_from_msg(msg: CompressedImage, decode: Decoder) -> ImageArray:
    """Return the picture as uint8 RGB (height, width, 3); raises `InputError` if it cannot be read.

    ``decode`` turns the bytes of a JPEG or PNG file into such an array.
    """
    match = _FORMAT.fullmatch(msg.format)
    if match is None:
        raise InputError(
            f"compressed image has format '{msg.format}', expected 8-bit jpeg or png as "
            f"'{JPEG_FORMAT}' or 'jpeg': set the camera driver's transport"
        )
    data = bytes(msg.data)
    head, tail = _ENDS[match["codec"]]
    # Decoders fill a picture that was cut off with grey. Some cameras pad with zeros.
    if not (data.startswith(head) and data.rstrip(b"\0").endswith(tail)):
        raise InputError(
            f"compressed image of format '{msg.format}' has {len(data)} bytes that are no whole "
            f"{match['codec']} file: check the camera driver"
        )
    return decode(data)


def compressed_to_msg(jpeg: bytes, stamp_s: float, frame_id: str) -> CompressedImage:
    """Return the message of a JPEG file that holds a colour picture."""
    msg = CompressedImage(format=JPEG_FORMAT)
    msg.header.stamp, msg.header.frame_id = stamp_from_s(stamp_s), frame_id
    msg.data = array.array("B", jpeg)
    return msg
