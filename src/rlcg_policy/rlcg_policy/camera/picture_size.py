# SPDX-License-Identifier: Apache-2.0
"""How large a JPEG or PNG file says that its picture is, before a decoder makes room for it."""

import struct

from rlcg_core.errors import InputError

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
JPEG = b"\xff\xd8\xff"
# Start of frame: C0 to CF without the tables among them.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
MOST_PIXELS = 64_000_000


def check_size(data: bytes) -> None:
    """Raise `InputError` unless ``data`` begins as a JPEG or PNG file of at most 64 megapixels."""
    height_px, width_px = _png(data) if data.startswith(PNG) else _jpeg(data)
    if not 0 < height_px * width_px <= MOST_PIXELS:
        raise InputError(
            f"a picture is {width_px}x{height_px} pixels, expected 1 to {MOST_PIXELS}: check the "
            "camera driver"
        )


def _png(data: bytes) -> tuple[int, int]:
    if len(data) < len(PNG) + 8:
        raise _none(data)
    width_px, height_px = struct.unpack_from(">II", data, len(PNG))
    return height_px, width_px


def _jpeg(data: bytes) -> tuple[int, int]:
    """Return (height, width) of the first frame; segments before it are passed over."""
    at = 2 if data.startswith(JPEG) else len(data)
    while at + 9 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind in _FRAMES:
            height_px, width_px = struct.unpack_from(">HH", data, at + 5)
            return height_px, width_px
        if kind == 0xFF:  # filling
            at += 1
        elif kind in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + max(2, struct.unpack_from(">H", data, at + 2)[0])
    raise _none(data)


def _none(data: bytes) -> InputError:
    return InputError(
        f"{len(data)} bytes are no readable picture, expected a JPEG or PNG file: "
        "check the camera driver and the network"
    )
