# SPDX-License-Identifier: Apache-2.0
"""CRC-32C (Castagnoli) over numpy, and its masked form as TFRecord stores it.

A loop over bytes in Python takes minutes for a file of pictures. Here many equal pieces advance
byte by byte side by side, and their remainders are joined by a matrix over GF(2).
"""

import numpy as np
import numpy.typing as npt

_POLYNOMIAL = 0x82F63B78
_LANES = 1024
_MASK_DELTA = 0xA282EAD8

U32 = npt.NDArray[np.uint32]


def _make_table() -> U32:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table


_TABLE = _make_table()


def crc32c(data: bytes) -> int:
    """Return the checksum of ``data``."""
    length = len(data) // _LANES
    lanes = np.frombuffer(data, np.uint8, length * _LANES).reshape(_LANES, length)
    sums = np.zeros(_LANES, np.uint32)
    for column in lanes.T:
        sums = _advance(sums, column)
    # Zeros as long as a piece, applied to the sum of all before it.
    shift, total = _zeros(length), np.uint32(0xFFFFFFFF)
    for one in sums if length else ():
        total = _apply(shift, total) ^ one
    rest = np.array([total], np.uint32)
    for byte in data[length * _LANES :]:
        rest = _advance(rest, np.array([byte], np.uint8))
    return int(rest[0]) ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    """Return the form in which TFRecord stores a checksum."""
    return (((checksum >> 15) | (checksum << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def _advance(sums: U32, column: npt.NDArray[np.uint8]) -> U32:
    return np.asarray(_TABLE[(sums ^ column) & 0xFF] ^ (sums >> 8), np.uint32)


def _zeros(length: int) -> U32:
    """Return the matrix (32,) of ``length`` zero bytes: entry k is what bit k becomes."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    result, step = bits.copy(), _advance(bits, np.zeros(32, np.uint8))
    while length:
        if length & 1:
            result = np.array([_apply(step, entry) for entry in result], np.uint32)
        step = np.array([_apply(step, entry) for entry in step], np.uint32)
        length >>= 1
    return result


def _apply(matrix: U32, value: np.uint32) -> np.uint32:
    chosen = matrix[(value >> np.arange(32, dtype=np.uint32)) & 1 == 1]
    return np.uint32(np.bitwise_xor.reduce(chosen)) if len(chosen) else np.uint32(0)
