# SPDX-License-Identifier: Apache-2.0
"""Launch files with record:=true: a bag per grasp, named in the report, repeated bit for bit."""

import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from launched import Launched, wait_until
from patience import patience

from rlcg_bringup.minilaunch.finder import real_launch_installed
from rlcg_record.commands import replay
from rlcg_record.episode_reader import EpisodeReader
from rlcg_record.reader import BagReader

pytestmark = pytest.mark.system

# The real `ros2 launch` ends with 0 even when a node died.
REAL = real_launch_installed()


def report(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "runs/latest/report.json").read_text())


def process_number(launched: Launched, name: str) -> int:
    """Return the process of a node, from the line with which it was started."""
    launched.wait_for(f"[{name}")
    line = next(one for one in launched.lines if re.search(rf"\[{name}-\d+\]: process st", one))
    return int(line.rsplit("[", 1)[1].rstrip("]"))


def test_each_grasp_of_two_robots_has_its_bag_which_repeats_bit_for_bit(
    tmp_path: Path, domain: int, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "backend:=mock", "robots:=2", "grasps:=2", "seed:=3", "record:=true",
        f"bag_directory:={tmp_path / 'my bags'}", f"run_directory:={tmp_path / 'runs'}",
    )  # fmt: skip
    file = "evaluate.launch.py"
    with Launched(*words, folder=tmp_path, domain=domain, file=file) as launched:
        assert launched.wait() == 0, launched.output
        assert not launched.processes()
    rows = report(tmp_path)["episodes"]
    bags = [Path(row["recording"]) for row in rows]
    assert len(set(bags)) == 4
    assert sorted(bags) == sorted((tmp_path / "my bags").glob("episode_*")), launched.output
    for row, bag in zip(rows, bags, strict=True):
        assert row["robot"].replace("_", "-") in bag.name
        assert (bag / "metadata.yaml").exists()
        (episode,) = EpisodeReader(bag).episodes()
        assert len(episode.steps) == row["steps"]
        assert episode.problems == []
        assert (episode.outcome.name.lower(), episode.judge) == (row["outcome"], row["judged_by"])
        assert replay([str(bag)]) == 0
        steps = f"{row['steps']} of {row['steps']} decisions repeated bit for bit"
        assert steps in capsys.readouterr().out
    page = tmp_path / "runs/latest/report.html"
    links = re.findall(r'href="([^"]+)"', page.read_text())
    assert [(page.resolve().parent / unquote(link)).resolve() for link in links] == bags


def test_kill_9_of_the_recorder_costs_a_second_and_the_run_goes_on(
    tmp_path: Path, domain: int
) -> None:
    words = (
        "backend:=mock", "lockstep:=false", "rate_hz:=10", "grasps:=3", "record:=true",
        patience(tmp_path),
        f"bag_directory:={tmp_path / 'bags'}", f"run_directory:={tmp_path / 'runs'}",
    )  # fmt: skip
    with Launched(*words, folder=tmp_path, domain=domain) as launched:

        def second_grows() -> bool:
            bags = sorted((tmp_path / "bags").glob("episode_*"))
            return len(bags) == 2 and sum(f.stat().st_size for f in bags[1].iterdir()) > 100_000

        assert wait_until(second_grows, 60.0), launched.output
        os.kill(process_number(launched, "record_node"), signal.SIGKILL)
        killed_ns = time.time_ns()
        # The stand-in tells by its exit code that something died.
        assert launched.wait() == (0 if REAL else 1), launched.output
    found = report(tmp_path)
    assert found["complete"]
    first, second, third = (row["recording"] for row in found["episodes"])
    assert third == ""
    assert launched.output.count("no bag of episode") == 1
    assert not BagReader(Path(first)).truncated
    cut = BagReader(Path(second))
    newest_ns = max(item.message.log_time for item in cut.stored())
    assert cut.truncated
    # A second between flushes, and what a loaded machine adds.
    assert killed_ns - newest_ns < 1.5e9
    assert replay([second]) == 0
