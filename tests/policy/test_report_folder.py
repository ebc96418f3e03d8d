# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: whole files, the strip of pictures, the link to the newest run."""

from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from report_examples import MIXED, report

from rlcg_core.errors import ConfigError
from rlcg_core.reasons import Outcome
from rlcg_policy.report.folder import RunFolder
from rlcg_policy.report.strip import FRAMES_PER_ROW, Row, Strip, thumbnail

STARTED = datetime(2000, 1, 2, 3, 4, 5)


def row(colour: int) -> Row:
    frames = tuple(np.full((160, 200, 3), colour + i, np.uint8) for i in range(9))
    return Row(f"grasp {colour}", Outcome.SUCCESS, frames)


def strip(*colours: int) -> Strip:
    made = Strip(rows=2)
    for colour in colours:
        made.add(row(colour))
    return made


def test_the_strip_shows_the_newest_grasps_from_first_to_last_frame() -> None:
    sheet = cv2.imdecode(np.frombuffer(strip(10, 40, 80).png(), np.uint8), cv2.IMREAD_COLOR)
    assert sheet.shape == (2 * 182, FRAMES_PER_ROW * 200, 3)
    row = sheet[100, 100::200, 0].tolist()
    assert (row[0], row[-1]) == (40, 48)
    assert row == sorted(row)
    assert sheet[300, 100, 0] == 80


def test_an_empty_strip_is_still_a_picture() -> None:
    assert cv2.imdecode(np.frombuffer(Strip().png(), np.uint8), cv2.IMREAD_COLOR) is not None


def test_a_thumbnail_keeps_the_colours_in_order() -> None:
    image = np.zeros((512, 640, 3), np.uint8)
    image[..., 0] = 200
    assert thumbnail(image)[80, 100].tolist() == [200, 0, 0]


def test_a_run_folder_holds_all_three_files_and_is_the_latest(tmp_path: Path) -> None:
    first = RunFolder.begin(tmp_path / "runs", "sim", STARTED)
    second = RunFolder.begin(tmp_path / "runs", "sim", STARTED)
    assert first.path != second.path
    second.add_row(0, row(10))
    second.write(report(*MIXED))
    latest = tmp_path / "runs" / "latest"
    assert latest.is_symlink()
    assert latest.resolve() == second.path.resolve()
    found = {path.name for path in latest.iterdir()}
    assert found == {"report.json", "strip.png", "report.html", "strips"}


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = RunFolder.begin(tmp_path, "../../etc/x y", STARTED)
    assert folder.path.parent == tmp_path


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file in the way")
    with pytest.raises(ConfigError, match="set run_directory"):
        RunFolder.begin(tmp_path / "runs", "sim", STARTED)
    (tmp_path / "other" / "latest").mkdir(parents=True)
    with pytest.raises(ConfigError, match="set run_directory"):
        RunFolder.begin(tmp_path / "other", "sim", STARTED)
