# SPDX-License-Identifier: Apache-2.0
"""The board as a file to print in true size: PDF or PNG."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from rlcg_core.errors import ConfigError
from rlcg_core.types import ImageArray
from rlcg_policy.calibrate.board import Board

MARGIN_M = 0.010
POINTS_PER_M = 72.0 / 0.0254
# About 300 dpi; a square is a whole number of pixels.
PIXELS_PER_M = 12_000


def write_board(board: Board, path: Path) -> None:
    """Write ``path``.pdf or .png; raises `ConfigError` for another ending or a failed write."""
    image, pixels_per_m = _picture(board)
    makers = {".pdf": _pdf, ".png": _png}
    if path.suffix.lower() not in makers:
        raise ConfigError(f"board file is {path.name}, expected a name ending in .pdf or .png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(makers[path.suffix.lower()](image, pixels_per_m))
    except OSError as error:
        raise ConfigError(f"board file {path} cannot be written: {error}") from error


def _picture(board: Board) -> tuple[ImageArray, float]:
    """Return the board with its white margin, grey (height, width), and its pixels per metre."""
    size = board.size
    square = round(PIXELS_PER_M * size.square_m)
    pixels_per_m = square / size.square_m
    inner = (size.columns * square, size.rows * square)
    image = board.charuco.generateImage(inner, marginSize=0)
    margin = round(MARGIN_M * pixels_per_m)
    around = cv2.copyMakeBorder(image, *(margin,) * 4, cv2.BORDER_CONSTANT, value=255)
    return np.asarray(around, dtype=np.uint8), pixels_per_m


def _png(image: ImageArray, pixels_per_m: float) -> bytes:
    """Return a PNG that says how large its pixels are (chunk pHYs), which OpenCV leaves out."""
    data = cv2.imencode(".png", image)[1].tobytes()
    body = b"pHYs" + struct.pack(">IIB", round(pixels_per_m), round(pixels_per_m), 1)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    header_end = 8 + 25  # the signature, and IHDR, which is always first
    return data[:header_end] + chunk + data[header_end:]


def _pdf(image: ImageArray, pixels_per_m: float) -> bytes:
    """Return a PDF of one page, as large as the picture, which stands on it in true size."""
    height, width = image.shape
    page = [side / pixels_per_m * POINTS_PER_M for side in (width, height)]
    content = f"q {page[0]:.4f} 0 0 {page[1]:.4f} 0 0 cm /Board Do Q".encode()
    pixels = zlib.compress(image.tobytes(), 9)
    kind = f"/Type /XObject /Subtype /Image /Width {width} /Height {height}"
    coding = "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page[0]:.4f} {page[1]:.4f}] /Contents 4 0 R "
        "/Resources << /XObject << /Board 5 0 R >> >> >>".encode(),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        f"<< {kind} {coding} /Length {len(pixels)} >>\nstream\n".encode() + pixels + b"\nendstream",
    ]
    return _pdf_file(objects)


def _pdf_file(objects: list[bytes]) -> bytes:
    """Return the file of numbered objects: header, objects, table of their places, trailer."""
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer
