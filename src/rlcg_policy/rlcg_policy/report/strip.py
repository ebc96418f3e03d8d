# SPDX-License-Identifier: Apache-2.0
"""Picture strips: a row per grasp, from the first frame to the last."""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core.reasons import Outcome

ImageArray = npt.NDArray[np.uint8]

THUMB_WIDTH_PX, THUMB_HEIGHT_PX = 200, 160
FRAMES_PER_ROW, ROWS = 6, 6
JPEG_QUALITY = 80
_COLOURS_RGB = {Outcome.SUCCESS: (60, 180, 90), Outcome.FAILURE: (215, 80, 60)}
_OTHER_RGB = (150, 150, 150)


def thumbnail(image_hwc: ImageArray) -> ImageArray:
    """Return an RGB picture (160, 200, 3)."""
    size = (THUMB_WIDTH_PX, THUMB_HEIGHT_PX)
    return np.asarray(cv2.resize(image_hwc, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@dataclass(frozen=True)
class Row:
    """The thumbnails of one grasp, in order."""

    title: str
    outcome: Outcome
    thumbnails: tuple[ImageArray, ...]

    def picture(self) -> ImageArray:
        """Return evenly chosen frames side by side, RGB (160, 1200, 3)."""
        count = min(FRAMES_PER_ROW, len(self.thumbnails))
        chosen = np.linspace(0, len(self.thumbnails) - 1, count).round().astype(int)
        frames = [self.thumbnails[i] for i in chosen]
        blank = np.full((THUMB_HEIGHT_PX, THUMB_WIDTH_PX, 3), 230, np.uint8)
        return np.hstack(frames + [blank] * (FRAMES_PER_ROW - count))

    def jpeg(self) -> bytes:
        """Return the picture as a JPEG file."""
        return _encode(".jpg", self.picture(), cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY)


class Strip:
    """Keeps the newest grasps; older ones leave."""

    def __init__(self, rows: int = ROWS) -> None:
        self._rows: deque[Row] = deque(maxlen=rows)

    @property
    def filled(self) -> bool:
        """Whether there is something to show."""
        return bool(self._rows)

    def add(self, row: Row) -> None:
        """Take in the newest grasp; one without pictures is left out."""
        if row.thumbnails:
            self._rows.append(row)

    def png(self) -> bytes:
        """Return the strip as a PNG file, a grey line if there is nothing to show."""
        pictures = [np.vstack([_bar(row), row.picture()]) for row in self._rows]
        width = FRAMES_PER_ROW * THUMB_WIDTH_PX
        sheet = np.vstack(pictures) if pictures else np.full((20, width, 3), 230, np.uint8)
        return _encode(".png", sheet)


def _bar(row: Row) -> ImageArray:
    """Return the coloured bar with the row's title."""
    bar = np.empty((22, FRAMES_PER_ROW * THUMB_WIDTH_PX, 3), np.uint8)
    bar[...] = _COLOURS_RGB.get(row.outcome, _OTHER_RGB)
    font, white = cv2.FONT_HERSHEY_SIMPLEX, (255, 255, 255)
    cv2.putText(bar, row.title, (6, 16), font, 0.5, white, 1, cv2.LINE_AA)
    return bar


def _encode(kind: str, image_hwc: ImageArray, *options: int) -> bytes:
    done, data = cv2.imencode(kind, cv2.cvtColor(image_hwc, cv2.COLOR_RGB2BGR), options)
    assert done, f"OpenCV cannot write {kind}"
    return bytes(data.tobytes())
