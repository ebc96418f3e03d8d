# SPDX-License-Identifier: Apache-2.0
"""An evaluation as a user starts it: several robots, one report, cut off and gone on with."""

import json
from pathlib import Path
from typing import Any

import pytest
from launched import Launched, wait_until

from rlcg_bringup.minilaunch.finder import real_launch_installed

pytestmark = pytest.mark.system

# The real `ros2 launch` ends with 0 even when a node died.
REAL = real_launch_installed()


def evaluate(*words: str, folder: Path, domain: int) -> Launched:
    folder.mkdir(exist_ok=True)
    runs = f"run_directory:={folder / 'runs'}"
    given = ("backend:=mock", runs, *words)
    return Launched(*given, folder=folder, domain=domain, file="evaluate.launch.py")


def report(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "runs/latest/report.json").read_text())


def rows(folder: Path) -> list[tuple[Any, ...]]:
    names = ("index", "robot", "seed", "outcome", "steps", "last_q", "object_names", "without")
    return [tuple(row[name] for name in names) for row in report(folder)["episodes"]]


def test_two_robots_by_namespace_write_one_report(tmp_path: Path, domain: int) -> None:
    words = ("robots:=2", "grasps:=2", "seed:=3")
    with evaluate(*words, folder=tmp_path, domain=domain) as launched:
        assert launched.wait() == 0, launched.output
        assert not launched.processes()
    plain = report(tmp_path)
    assert (plain["protocol"], plain["replacement"]) == ("robot1", "with")
    assert plain["robots"] == ["robot_1", "robot_2"]
    assert [row["robot"] for row in plain["episodes"]] == ["robot_1"] * 2 + ["robot_2"] * 2
    assert [row["grasps"] for row in plain["per_robot"]] == [2, 2]
    assert len(plain["model_digest"]) == 16


def test_a_power_cut_loses_and_repeats_nothing(tmp_path: Path, domain: int) -> None:
    words = ("robots:=2", "protocol:=robot2_single_bin", "grasps:=1")
    with evaluate(*words, folder=tmp_path / "whole", domain=domain) as launched:
        assert launched.wait() == 0, launched.output
    cut = tmp_path / "cut"
    with evaluate(*words, folder=cut, domain=domain) as launched:
        assert wait_until(lambda: launched.output.count("grasp ") >= 3, 60.0), launched.output
        launched.kill()
    assert 3 <= len(report(cut)["episodes"]) < 18
    with evaluate(*words, "resume:=latest", folder=cut, domain=domain) as launched:
        assert launched.wait() == 0, launched.output
    assert report(cut)["complete"]
    assert rows(cut) == rows(tmp_path / "whole")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("robots:=none",), "robots"),
        (("robots:=2", "image_raw_topic:=/camera"), "each robot has a topic of its own"),
        (("protocol:=robot3",), "robot3"),
        (("outcome_sources:=crystal_ball",), "outcome_sources"),
        (("resume:=yesterday",), "there is no folder"),
        (("backend:=robot", "outcome_sources:=simulator"), "backend robot has none"),
    ],
)
def test_what_cannot_be_evaluated_is_told(
    words: tuple[str, ...], part: str, tmp_path: Path, domain: int
) -> None:
    with evaluate(*words, folder=tmp_path, domain=domain) as launched:
        assert launched.wait(60.0) != 0 or REAL, launched.output
        assert not launched.processes()
    assert any(part in line for line in launched.lines if "cmd '" not in line), launched.output
    assert "Traceback" not in launched.output or REAL
