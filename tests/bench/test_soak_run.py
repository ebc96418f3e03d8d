# SPDX-License-Identifier: Apache-2.0
"""Soaks of the real graph: told to the end, cut off and gone on with, broken, killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rlcg_bench.soak import usage
from rlcg_bench.soak.log import FILE, read

END_S = 90.0
COMMAND = (sys.executable, "-m", "rlcg_bringup.cli", "soak")


@contextmanager
def soak(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a soak; whatever of it still runs at the end is killed."""
    given = (f"run_directory:={folder}", *words)
    with (
        (folder / "out.txt").open("a") as out,
        subprocess.Popen(
            [*COMMAND, *given], stdout=out, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        tree = [process.pid]
        try:
            yield process
            tree = [one.pid for one in usage.of_tree(process.pid)]
        finally:
            for pid in tree:
                if process.poll() is None:
                    os.kill(pid, signal.SIGKILL)


def told(folder: Path) -> str:
    return (folder / "out.txt").read_text()


def report(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "latest-soak/soak.json").read_text())


def until(condition: Callable[[], bool], folder: Path) -> None:
    deadline_s = time.monotonic() + END_S
    while not condition():
        assert time.monotonic() < deadline_s, told(folder)
        time.sleep(0.1)


def grasped(folder: Path) -> int:
    """Return how many grasps the log of the newest soak tells of."""
    log = folder / "latest-soak" / FILE
    samples = read(log) if log.exists() and log.stat().st_size else []
    return sum(len(sample.grasps) for sample in samples)


@pytest.mark.slow
def test_a_minute_of_the_whole_graph_loses_nothing_and_ends_well(tmp_path: Path) -> None:
    words = ("minutes:=0.6", "grasps:=4", "period_s:=2", "bags:=2")
    with soak(tmp_path, *words) as process:
        assert process.wait(36.0 + END_S) == 0, told(tmp_path)
    found = report(tmp_path)
    assert found["good"]
    assert found["complete"]
    assert found["figures"]["grasps"] >= 1
    lasting = {row["series"].split(":")[0] for row in found["series"] if ":" in row["series"]}
    assert {"sim_node", "arm_node", "policy_node", "record_node", "launch"} <= lasting
    assert "nothing grows, nothing is lost; not judged: " in told(tmp_path)
    assert (tmp_path / "latest-soak/soak.html").stat().st_size > 10_000
    # What closes at the end comes on top of those that are kept.
    assert 1 <= len(list((tmp_path / "latest-soak/bags").iterdir())) <= 4


@pytest.mark.slow
def test_a_soak_is_cut_off_and_gone_on_with_and_fails_when_a_node_dies(tmp_path: Path) -> None:
    words = ("minutes:=30", "backend:=mock", "period_s:=0.5")
    with soak(tmp_path, *words) as process:
        until(lambda: grasped(tmp_path) >= 2, tmp_path)
        process.send_signal(signal.SIGINT)
        assert process.wait(END_S) == 130, told(tmp_path)
    assert report(tmp_path)["verdict"].startswith("interrupted; until then: nothing grows")
    before = grasped(tmp_path)
    with soak(tmp_path, *words, "resume:=latest-soak") as process:
        until(lambda: grasped(tmp_path) > before, tmp_path)
        (policy,) = [one for one in usage.of_tree(process.pid) if one.name == "policy_node"]
        os.kill(policy.pid, signal.SIGKILL)
        assert process.wait(END_S) == 1, told(tmp_path)
    found = report(tmp_path)
    assert found["figures"]["sessions"] == 2
    assert found["figures"]["grasps"] > before
    assert found["verdict"].startswith("failed: ")


@pytest.mark.slow
def test_nothing_of_a_soak_outlives_it(tmp_path: Path) -> None:
    with soak(tmp_path, "backend:=mock", "period_s:=0.5") as process:
        until(lambda: len(usage.of_tree(process.pid)) >= 6, tmp_path)
        others = [one.pid for one in usage.of_tree(process.pid) if one.pid != process.pid]
        process.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in others), tmp_path)
