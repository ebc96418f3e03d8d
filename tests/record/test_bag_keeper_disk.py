# SPDX-License-Identifier: Apache-2.0
"""A disk that is full or gone ends a recorder's bag with a reason, and not the recorder."""

import errno
import os
from pathlib import Path
from typing import BinaryIO

from bag_bench import KeeperBench, joint_state, times

from rlcg_record.reader import BagReader
from rlcg_record.sample import Decided


class FullDisk:
    """A file that takes some bytes, then none."""

    def __init__(self, path: Path, room: int) -> None:
        self._file, self._room = path.open("xb"), room

    def write(self, data: bytes) -> int:
        if self._room < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._room -= len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def test_a_full_disk_stops_that_bag_with_a_reason_and_the_next_one_works(tmp_path: Path) -> None:
    room = 20_000

    def opener(path: Path) -> BinaryIO:
        return FullDisk(path, room)  # type: ignore[return-value]

    bench = KeeperBench(tmp_path, opener=opener, tail_s=0.0)
    bench.run(1.0)
    bench.give(None, Decided("one", 0))
    bench.run(60.0)
    bench.give(None, Decided("one", 0))
    status = bench.keeper.status
    assert "No space left on device" in status.failure
    assert "rlcg recover" in status.failure
    assert status.open_names == ()
    (bag,) = bench.bags()
    assert len(times(bag)) > 20
    assert BagReader(bag).truncated
    room = 10**9
    bench.give(None, Decided("two", 0))
    bench.run(62.0)
    assert status.failure == ""
    assert len(bench.bags()) == 2


def test_recording_stops_before_the_disk_is_full_with_a_complete_bag(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path, min_free_bytes=5_000_000)
    bench.run(1.0)
    bench.give(None, Decided("one", 0))
    bench.run(3.0)
    bench.free = 4_000_000
    bench.run(5.0)
    assert bench.keeper.status.failure == "the disk has 4 MB free, expected 5: make room"
    (bag,) = bench.bags()
    assert not BagReader(bag).truncated
    bench.give(None, Decided("one", 0))
    assert len(bench.bags()) == 1


def test_a_folder_that_vanished_is_a_reason_too(tmp_path: Path) -> None:
    def gone(path: Path) -> BinaryIO:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))

    bench = KeeperBench(tmp_path, opener=gone)
    bench.give(joint_state(0.0), Decided("one", 0))
    assert "cannot be opened" in bench.keeper.status.failure
