# SPDX-License-Identifier: Apache-2.0
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlcg_core.errors import DataError
from rlcg_train.qt_opt import log_format
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.log_format import STEP, LogDescription, read_journal
from rlcg_train.qt_opt.replay import ReplaySource, held_out

TINY = LogDescription(4, tuple(float(i) for i in range(12)), "drawn", "test")


def tiny_episode(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures and steps that tell their number."""
    count = 2 + number % 3
    steps = np.zeros(count, STEP)
    steps["reward"] = number
    return np.full((count, 4, 4, 3), number % 256, np.uint8), steps


def fill(folder: Path, numbers: range) -> None:
    with EpisodeWriter(folder, TINY) as log:
        for number in numbers:
            log.append(*tiny_episode(number), number, success=number % 2 == 0)


def assert_whole(source: ReplaySource) -> list[int]:
    """Check every episode's contents and return their numbers."""
    keys = sorted([*source.train, *source.held_out], key=lambda k: k.stored.number)
    for key in keys:
        number = key.stored.number
        pictures, steps = tiny_episode(number)
        np.testing.assert_array_equal(source.steps(key), steps)
        found = source.pictures(key, np.arange(len(steps))).numpy()
        np.testing.assert_array_equal(found, pictures)
        assert key.stored.success == (number % 2 == 0)
    return [key.stored.number for key in keys]


def test_a_store_gives_back_what_was_written_and_grows_while_it_is_read(tmp_path: Path) -> None:
    fill(tmp_path / "a", range(0, 5))
    source = ReplaySource(tmp_path)
    assert assert_whole(source) == list(range(5))
    fill(tmp_path / "a", range(5, 9))
    fill(tmp_path / "b", range(20, 22))
    source.refresh()
    assert assert_whole(source) == [*range(9), 20, 21]


def test_an_episode_without_its_entry_does_not_count_and_is_written_over(tmp_path: Path) -> None:
    fill(tmp_path / "a", range(3))
    for name in (log_format.PICTURES, log_format.STEPS):
        with (tmp_path / "a" / name).open("ab") as file:
            file.write(b"half an episode")
    with (tmp_path / "a" / log_format.JOURNAL).open("ab") as file:
        file.write(b"\0" * 7)
    assert assert_whole(ReplaySource(tmp_path)) == [0, 1, 2]
    fill(tmp_path / "a", range(3, 6))
    assert assert_whole(ReplaySource(tmp_path)) == list(range(6))


def test_nothing_after_a_broken_entry_is_trusted(tmp_path: Path) -> None:
    fill(tmp_path / "a", range(4))
    path = tmp_path / "a" / log_format.JOURNAL
    data = bytearray(path.read_bytes())
    data[log_format.ENTRY.itemsize * 2 + 12] ^= 1  # its success
    path.write_bytes(data)
    assert assert_whole(ReplaySource(tmp_path)) == [0, 1]


def test_a_log_that_lost_bytes_is_left_out_by_name_and_the_rest_is_used(tmp_path: Path) -> None:
    fill(tmp_path / "good", range(3))
    fill(tmp_path / "short", range(10, 13))
    path = tmp_path / "short" / log_format.PICTURES
    os.truncate(path, path.stat().st_size - 1)
    source = ReplaySource(tmp_path)
    assert assert_whole(source) == [0, 1, 2]
    assert "shorter than its journal" in source.skipped["short"]
    with pytest.raises(DataError, match="its journal says"):
        EpisodeWriter(tmp_path / "short", TINY)


def test_an_episode_whose_steps_changed_on_disk_is_left_out_by_name(tmp_path: Path) -> None:
    fill(tmp_path / "a", range(4))
    path = tmp_path / "a" / log_format.STEPS
    data = bytearray(path.read_bytes())
    data[STEP.itemsize * 3] ^= 1  # the second episode's, after two steps of the first
    path.write_bytes(data)
    source = ReplaySource(tmp_path)
    assert assert_whole(source) == [0, 2, 3]
    assert source.skipped == {"a, episode 1": "its steps are not what was written"}
    fill(tmp_path / "a", range(4, 6))
    source.refresh()
    assert assert_whole(source) == [0, 2, 3, 4, 5]


def test_a_log_of_another_camera_is_left_out_by_name(tmp_path: Path) -> None:
    fill(tmp_path / "a", range(3))
    moved = replace(TINY, projection=tuple(float(i) for i in range(1, 13)))
    with EpisodeWriter(tmp_path / "b", moved) as log:
        log.append(*tiny_episode(7), 7, success=True)
    source = ReplaySource(tmp_path)
    assert assert_whole(source) == [0, 1, 2]
    assert "store of its own" in source.skipped["b"]


def test_a_full_disk_ends_an_actor_and_keeps_its_episodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "a", range(2))

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    with EpisodeWriter(tmp_path / "a", TINY) as log:
        monkeypatch.setattr(os, "fdatasync", full)
        with pytest.raises(DataError, match="No space left"):
            log.append(*tiny_episode(2), 2, success=True)
    monkeypatch.undo()
    fill(tmp_path / "a", range(2, 4))
    assert assert_whole(ReplaySource(tmp_path)) == [0, 1, 2, 3]


def test_a_log_of_another_spec_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "a", range(1))
    path = tmp_path / "a" / log_format.DESCRIPTION
    path.write_text(json.dumps(json.loads(path.read_text()) | {"spec_fingerprint": "other"}))
    assert "collect again" in ReplaySource(tmp_path).skipped["a"]
    with pytest.raises(DataError, match="collect again"):
        EpisodeWriter(tmp_path / "a", TINY)


def test_a_log_has_one_writer(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path / "a", TINY), pytest.raises(DataError, match="another process"):
        EpisodeWriter(tmp_path / "a", TINY)


def test_held_out_episodes_stay_held_out() -> None:
    share = np.mean([held_out(number) for number in range(10_000)])
    assert 0.04 < share < 0.08


WRITER = """
import sys
from pathlib import Path
from test_qt_opt_log import TINY, tiny_episode
from rlcg_train.qt_opt.episode_log import EpisodeWriter
with EpisodeWriter(Path(sys.argv[1]), TINY) as log:
    while True:
        number = len(log.episodes)
        log.append(*tiny_episode(number), number, number % 2 == 0)
        print(number, flush=True)
"""


def test_whatever_was_reported_as_written_survives_kill_9(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "a")],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert writer.stdout is not None
        reported = [int(writer.stdout.readline()) for _ in range(5)]
        time.sleep(0.003)
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait()
        last = max([*reported, *map(int, rest)])
        numbers = assert_whole(ReplaySource(tmp_path))
        assert numbers == list(range(len(numbers)))
        assert len(numbers) in (last + 1, last + 2)
    assert len(read_journal(tmp_path / "a")) >= 15
