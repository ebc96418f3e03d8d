# SPDX-License-Identifier: Apache-2.0
"""Metrics as TensorBoard event files, written by hand: the format is a few bytes of framing.

A file is a row of TFRecords (length, checksum, data, checksum), each a protocol-buffer `Event`
(tensorflow/core/util/event.proto) with wall time, step and one simple value. The tensorboard
package would bring a web server and gRPC into training for that.
"""

import contextlib
import os
import platform
import struct
import time
from pathlib import Path

_POLYNOMIAL = 0x82F63B78  # CRC-32C, reflected


def _table() -> tuple[int, ...]:
    rows = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """Return the Castagnoli checksum of some bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _masked_crc(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """Return data framed as a TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + _masked_crc(length) + data + _masked_crc(data)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, data: bytes) -> bytes:
    """Return a length-delimited field."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _event(wall_time_s: float, rest: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", wall_time_s) + rest


class EventWriter:
    """Appends scalars to an event file of its own in a folder."""

    def __init__(self, folder: Path) -> None:
        """Open a new file; TensorBoard joins the files of a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.{platform.node()}.{os.getpid()}"
        self.path = folder / name
        self._file = self.path.open("ab")
        self._write(_event(time.time(), _field(3, b"brain.Event:2")))

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Write values by tag at a step, and flush them to the file."""
        for tag, value in values.items():
            entry = _field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)
            summary = _field(5, _field(1, entry))
            self._write(_event(time.time(), b"\x10" + _varint(step) + summary))

    def _write(self, data: bytes) -> None:
        self._file.write(record(data))
        self._file.flush()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        # What a full disk did not take raised when it was written; closing tries it once more.
        with contextlib.suppress(OSError):
            self._file.close()
