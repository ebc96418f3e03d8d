# SPDX-License-Identifier: Apache-2.0
"""The printed board: a chessboard with ArUco markers in its white squares (ChArUco), by OpenCV.

Each corner is known by number, so part of the board is enough and no picture is taken upside down.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core.errors import ConfigError, InputError
from rlcg_core.types import ImageArray

FloatArray = npt.NDArray[np.float64]

DICTIONARY = cv2.aruco.DICT_4X4_50
DICTIONARY_NAME, DICTIONARY_SIZE = "DICT_4X4_50", 50
FEWEST_CORNERS = 8


@dataclass(frozen=True)
class BoardSize:
    """How the board is printed; measure ``square_m`` on the paper.

    The default one fills a sheet of A4 and leaves a margin of 10 mm.
    """

    columns: int = 5
    rows: int = 7
    square_m: float = 0.038
    marker_m: float = 0.028

    def check(self) -> "BoardSize":
        """Return self; raises `ConfigError`."""
        markers = self.columns * self.rows // 2
        if min(self.columns, self.rows) < 3 or markers > DICTIONARY_SIZE:
            raise ConfigError(
                f"board has {self.columns}x{self.rows} squares, expected at least 3x3 and at most "
                f"{DICTIONARY_SIZE} markers ({DICTIONARY_NAME})"
            )
        if not 0.3 * self.square_m < self.marker_m < 0.9 * self.square_m:
            raise ConfigError(
                f"markers have {1e3 * self.marker_m:g} mm in squares of {1e3 * self.square_m:g} "
                "mm, expected 30 to 90 percent of that"
            )
        return self


@dataclass(frozen=True)
class BoardView:
    """The corners found in one picture.

    ``corners_m``: (n, 3) on the board, z = 0. ``corners_px``: (n, 2), the centre of the first
    pixel is (0, 0). ``size_px``: width and height of the picture.
    """

    name: str
    corners_m: FloatArray
    corners_px: FloatArray
    size_px: tuple[int, int]


class Board:
    """Finds the board in pictures.

    The board's frame: origin in the corner of the first square, x along the columns, y down the
    rows, z away from who looks at it.
    """

    def __init__(self, size: BoardSize) -> None:
        self.size = size.check()
        self.charuco = cv2.aruco.CharucoBoard(
            (size.columns, size.rows),
            size.square_m,
            size.marker_m,
            cv2.aruco.getPredefinedDictionary(DICTIONARY),
        )
        self._corners_m = np.array(self.charuco.getChessboardCorners(), dtype=np.float64)
        self._detector = cv2.aruco.CharucoDetector(self.charuco)

    def find(self, image_hwc: ImageArray, name: str) -> BoardView:
        """Return what is seen of the board; raises `InputError` if that is too little."""
        grey = cv2.cvtColor(image_hwc, cv2.COLOR_RGB2GRAY)
        corners, numbers, _, _ = self._detector.detectBoard(grey)
        found = 0 if numbers is None else len(numbers)
        if found < FEWEST_CORNERS:
            raise InputError(
                f"{name}: found {found} of {len(self._corners_m)} corners of the board, expected "
                f"at least {FEWEST_CORNERS}: light, sharpness, and the board's --squares"
            )
        height, width = grey.shape
        corners_m = self._corners_m[numbers.ravel()]
        corners_px = corners.reshape(-1, 2).astype(np.float64)
        return BoardView(name, corners_m, corners_px, (width, height))
