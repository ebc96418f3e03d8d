# SPDX-License-Identifier: Apache-2.0
"""Write the sheet of all household shapes, for the documentation."""

from pathlib import Path

import cv2
import numpy as np

from rlcg_core.errors import DataError
from rlcg_core.types import ImageArray
from rlcg_sim.household.sheet import picture_sheet

TITLE_PX, JPEG_QUALITY = 24, 80


def write_sheet(out: Path) -> None:
    """Write a JPEG: rows of training shapes, then rows of test shapes; raises `DataError`."""
    blocks = [
        part for split, rows in picture_sheet().items() for part in (_title(split, rows), rows)
    ]
    sheet = np.vstack(blocks)[:, :, ::-1]
    if not cv2.imwrite(str(out), sheet, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise DataError(f"{out} cannot be written: give a .jpg in a folder that is there")


def _title(text: str, rows: ImageArray) -> ImageArray:
    title = np.full((TITLE_PX, rows.shape[1], 3), 255, np.uint8)
    place, black = (6, TITLE_PX - 7), (0, 0, 0)
    cv2.putText(title, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, black, 1, cv2.LINE_AA)
    return title
