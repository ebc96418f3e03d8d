# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: every picture shows, nothing is asked of a network, nothing is wrong.

Runs where Chromium is installed (Debian: apt install chromium).
"""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_station import GOOD, FakeStation, open_run

from rlcg_core.outcome_sources import Source
from rlcg_core.reasons import Outcome
from rlcg_policy.evaluation import Evaluation

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium: apt install chromium"),
]
WIDTH_PX, HEIGHT_PX = 1300, 3200
# Frames of this colour are in no other part of the page.
FRAME_RGB = (250, 10, 240)


@pytest.fixture
def report_page(tmp_path: Path) -> Path:
    """The page of a run of two robots and three judges."""
    frame = np.full((256, 320, 3), FRAME_RGB, np.uint8)
    station = FakeStation([replace(GOOD, frames=(frame,) * 3)], [Outcome.SUCCESS, Outcome.FAILURE])
    book, folder = open_run(tmp_path, protocol="robot1", robots=("robot_1", "robot_2"))
    for robot in range(2):
        sources = (Source.SIMULATOR, Source.GRIPPER_OPENING)
        Evaluation(station, book, sources, robot).run()
    book.close()
    return folder.path / "report.html"


def browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    profile = page.parent / "profile"
    return subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--enable-logging=stderr", f"--user-data-dir={profile}",
            f"--window-size={WIDTH_PX},{HEIGHT_PX}", *options, page.as_uri(),
        ],
        capture_output=True, text=True, timeout=90.0, check=True,
    )  # fmt: skip


def test_the_browser_draws_tables_plots_and_pictures(report_page: Path) -> None:
    shot = report_page.parent / "page.png"
    done = browse(report_page, f"--screenshot={shot}")
    assert not re.findall(r"CONSOLE.*", done.stderr)
    image = cv2.cvtColor(cv2.imread(str(shot)), cv2.COLOR_BGR2RGB).astype(int)
    of_frames = np.abs(image - np.array(FRAME_RGB)).max(axis=2) < 12
    # Three frames of 200 x 160 pixels for each of six grasps.
    assert of_frames.sum() == pytest.approx(6 * 3 * 200 * 160, rel=0.1)
    of_plots = np.abs(image - np.array((0x7D, 0x9C, 0xB8))).max(axis=2) < 4
    assert of_plots.sum() > 1000


def test_the_browser_reads_the_page_as_it_was_written(report_page: Path) -> None:
    dom = browse(report_page, "--dump-dom").stdout
    assert dom.count("<table>") == report_page.read_text().count("<table>")
    assert dom.count("<svg") == 2
    for part in ("By robot", "Do the judges agree?", "robot_2"):
        assert part in dom


def test_the_page_names_no_other_place(report_page: Path) -> None:
    html = report_page.read_text()
    assert not re.findall(r"""(?:https?:)?//\w""", re.sub(r'"data:[^"]*"', "", html))
