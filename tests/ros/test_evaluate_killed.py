# SPDX-License-Identifier: Apache-2.0
"""evaluate_node, killed at any moment, goes on and neither loses nor repeats a grasp."""

import json
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_model
from evaluations import evaluate, record
from mock_cell import MockCell

# Each start costs seconds on a busy machine.
KILLS = 4


def rows_of(runs: Path) -> list[tuple[Any, ...]]:
    names = ("index", "seed", "outcome", "steps", "last_q", "object_names", "without")
    return [tuple(map(str, map(row.get, names))) for row in record(runs)["episodes"]]


def rows_written(journal: Path) -> list[int]:
    lines = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
    return [line["grasp"]["index"] for line in lines if "grasp" in line]


def resumed(begun: int) -> dict[str, str]:
    return {"resume": "latest"} if begun else {}


def lines_of(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.is_file() else 0


@pytest.fixture
def cell_to_kill_in(tmp_path: Path, seed: int) -> Iterator[MockCell]:
    """A cell in a ROS domain of its own: what the killed leave in shared memory disturbs no one."""
    model = tiny_model.write(tmp_path / "tiny").folder
    with MockCell(tmp_path, domain=221 + seed) as cell:
        cell.start_policy(model)
        cell.ready()
        yield cell


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_moments_it_goes_on_and_neither_loses_nor_repeats_a_grasp(
    cell_to_kill_in: MockCell, tmp_path: Path, seed: int
) -> None:
    cell = cell_to_kill_in
    run = {"protocol": "robot2_single_bin", "grasps": 1, "seed": 40 + seed, "domain": cell.domain}
    with evaluate(tmp_path / "whole/runs", **run) as process:
        assert process.wait(90.0) == 0, process.output
    moments, runs = random.Random(seed), tmp_path / "cut/runs"
    journal = runs / "latest/journal.jsonl"
    for _ in range(KILLS):
        begun = lines_of(journal)
        with evaluate(runs, **run, **resumed(begun)) as process:
            cell.until(lambda old=begun: lines_of(journal) > old, "another line", 60.0)
            time.sleep(moments.uniform(0.0, 0.3))
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert len(rows_written(journal)) < 18, "killed too late to have anything left to do"
    with evaluate(runs, **run, **resumed(lines_of(journal))) as process:
        assert process.wait(90.0) == 0, process.output
    plain = record(runs)
    assert plain["complete"]
    assert rows_of(runs) == rows_of(tmp_path / "whole/runs")
    assert sorted(rows_written(journal)) == list(range(18))
