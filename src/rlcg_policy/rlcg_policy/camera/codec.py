# SPDX-License-Identifier: Apache-2.0
"""JPEG and PNG files to and from uint8 RGB pictures (height, width, 3), by OpenCV."""

import cv2
import numpy as np

from rlcg_core.errors import InputError
from rlcg_core.types import ImageArray
from rlcg_policy.camera.picture_size import check_size


def decode_picture(data: bytes) -> ImageArray:
    """Return the picture in a JPEG or PNG file; raises `InputError` for a broken or huge one."""
    check_size(data)
    # Without IGNORE_ORIENTATION a camera's EXIF tag would turn the picture under its calibration.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    buffer = np.frombuffer(data, dtype=np.uint8)
    try:
        image_bgr = cv2.imdecode(buffer, flags)
    except cv2.error:
        image_bgr = None
    if image_bgr is None:
        raise InputError(
            f"{len(data)} bytes are no readable picture, expected a JPEG or PNG file: "
            "check the camera driver and the network"
        )
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def encode_jpeg(image_hwc: ImageArray, quality: int) -> bytes:
    """Return a JPEG file of an RGB picture; ``quality`` within [1, 100]."""
    image_bgr = cv2.cvtColor(image_hwc, cv2.COLOR_RGB2BGR)
    written, buffer = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not written:
        raise InputError(f"a picture of shape {image_hwc.shape} cannot be written as JPEG")
    return bytes(buffer)
