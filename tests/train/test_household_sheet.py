# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import cv2
import numpy as np
import pytest

from rlcg_core.errors import DataError
from rlcg_train.household_sheet import write_sheet


def test_the_sheet_shows_every_shape(tmp_path: Path) -> None:
    write_sheet(tmp_path / "sheet.jpg")
    picture = cv2.imread(str(tmp_path / "sheet.jpg"))
    assert picture.shape == (2 * 24 + (4 + 2) * 96, 16 * 96, 3)
    tile = picture[24 : 24 + 96, :96]
    assert np.ptp(tile.reshape(-1, 3).astype(int), axis=0).max() > 60
    with pytest.raises(DataError, match="a folder that is there"):
        write_sheet(tmp_path / "none" / "sheet.jpg")
