# SPDX-License-Identifier: Apache-2.0
"""The chart of the table: of stored results only, and the same bytes for the same results."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from rlcg_train.adapt import chart, results
from rlcg_train.adapt.page import CHART, write_page
from rlcg_train.adapt.results import Result
from rlcg_train.adapt.scales import SMALL

STORED = Result("sim_only", "real_proxy", "", "SSSF", 0, 1.0, 0.0, "", "", False, {})


def coloured(picture: bytes, title: str) -> int:
    """Return how many pixels have the colour of a method."""
    image_bgr = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    code = chart.COLOURS[title].removeprefix("#")
    wanted_bgr = [int(code[place : place + 2], 16) for place in (4, 2, 0)]
    return int(np.all(image_bgr == wanted_bgr, axis=2).sum())


def test_without_results_nothing_is_drawn() -> None:
    assert chart.png({}) == b""


def test_a_bar_is_as_long_as_its_rate_and_rows_not_trained_are_not_drawn() -> None:
    long = chart.png({"sim_only": STORED})
    short = chart.png({"sim_only": replace(STORED, outcomes="SFFF")})
    assert coloured(long, "Sim-Only") > 2 * coloured(short, "Sim-Only") > 0
    assert coloured(long, "RL-CycleGAN") == coloured(long, "Real-Only") == 0


def test_amounts_of_labelled_episodes_make_a_line() -> None:
    found = {
        f"real_only_{k}": replace(STORED, row=f"real_only_{k}", real_episodes=amount)
        for k, amount in enumerate(SMALL.amounts)
    }
    assert coloured(chart.png(found), "Real-Only") > 100


def test_the_page_shows_the_chart_that_lies_beside_the_results(tmp_path: Path) -> None:
    results.write(tmp_path / "results", STORED)
    for _ in range(2):
        write_page(tmp_path / "results", tmp_path / "results.md", SMALL)
        assert (tmp_path / "results" / CHART).read_bytes() == chart.png({"sim_only": STORED})
    assert f"(results/{CHART})" in (tmp_path / "results.md").read_text()
