# SPDX-License-Identifier: Apache-2.0
"""The pieces of a soak: its settings, its log, what it sees of processes, the bags it keeps."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from soak_samples import samples

from rlcg_bench.soak import settings, usage
from rlcg_bench.soak.bag_store import BagStore
from rlcg_bench.soak.log import FILE, Log, read
from rlcg_bench.soak.settings import SoakSettings
from rlcg_core.errors import ConfigError

HOLDS = """
import subprocess, sys, threading
files = [open("/dev/null") for _ in range(7)]
threading.Thread(target=sys.stdin.read, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""


def test_words_become_settings() -> None:
    found = settings.parse(["minutes:=2", "lockstep:=false", "model:=a:=b", "minutes:=3"])
    assert found == SoakSettings(minutes=3.0, lockstep=False, model="a:=b")
    assert found.warmup_s == 60.0


@pytest.mark.parametrize(
    ("word", "part"),
    [
        ("minutes", "expected name:=value"),
        ("minutes:=long", "expected a number"),
        ("minutes:=0", "expected within"),
        ("grasps:=1.5", "expected a whole number"),
        ("lockstep:=yes", "expected true or false"),
        ("backend:=robot", "expected one of sim, mock"),
        ("hours:=1", "no parameter hours"),
    ],
)
def test_a_word_that_is_no_setting_is_told(word: str, part: str) -> None:
    with pytest.raises(ConfigError, match=part):
        settings.parse([word])


def test_a_process_is_seen_with_its_name_its_files_and_its_threads(tmp_path: Path) -> None:
    program = tmp_path / "leaky_node"
    program.write_text(HOLDS)
    with subprocess.Popen(
        [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            (seen,) = [one for one in usage.of_tree(os.getpid()) if one.pid == process.pid]
        finally:
            process.kill()
    assert (seen.name, seen.files, seen.threads) == ("leaky_node", 10, 2)
    assert 3.0 < seen.rss_mb < 300.0


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["/usr/bin/python3", "/ws/lib/rlcg_policy/arm_node", "--ros-args"], "arm_node"),
        (["python", "-m", "rlcg_record.record_node", "--ros-args"], "record_node"),
        (["python", "-m", "rlcg_bringup.cli", "launch", "rlcg_policy", "x.py"], "launch"),
        (["/bin/sleep", "1"], "sleep"),
    ],
)
def test_processes_are_named_after_their_nodes(words: list[str], name: str) -> None:
    assert usage.name_of(words) == name


def test_a_log_goes_on_after_whatever_cut_it_off(tmp_path: Path) -> None:
    wanted, seen = SoakSettings(minutes=30.0), samples(1.0)
    log = Log(tmp_path, wanted)
    for one in seen:
        log.add(one)
    with (tmp_path / FILE).open("a") as stream:
        stream.write('{"sample": {"session": 0, "ti')
    again = Log(tmp_path, replace(wanted, minutes=60.0, resume="latest-soak"))
    assert (again.samples, again.session, again.duration_s) == (seen, 1, 60.0)
    (more,) = samples(0.1, session=1)
    again.add(more)
    assert read(tmp_path / FILE) == [*seen, more]


def test_a_soak_does_not_go_on_as_another_one(tmp_path: Path) -> None:
    Log(tmp_path, SoakSettings())
    with pytest.raises(ConfigError, match="lockstep is False, was True"):
        Log(tmp_path, SoakSettings(lockstep=False))


@pytest.mark.parametrize("text", ["", "no json\n", json.dumps({"settings": {"a": 1}}) + "\n"])
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match="no log of a soak"):
        Log(tmp_path, SoakSettings())


def test_the_newest_bags_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"episode_2026-01-01-00-00-0{number}_abc").mkdir()
    store = BagStore(tmp_path, keep=2)
    store.prune()
    left = sorted(path.name[-5:] for path in tmp_path.iterdir())
    assert (left, store.deleted) == (["3_abc", "4_abc"], 3)
