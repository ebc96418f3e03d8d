# SPDX-License-Identifier: Apache-2.0
"""A run's folder tells its state and its metrics to whoever looks."""

import os
import shutil
import struct
from pathlib import Path

import pytest
from qt_opt_runs import settings

from rlcg_train import events, run_folder
from rlcg_train.cli import main
from rlcg_train.qt_opt import log_format
from rlcg_train.qt_opt.run import Run
from rlcg_train.run_folder import RunFolder, RunState


def test_what_is_left_out_of_a_store_is_counted_and_named_in_status(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(store, tmp_path / "store")
    steps = tmp_path / "store/scripted/actor_0" / log_format.STEPS
    steps.write_bytes(b"\xff" + steps.read_bytes()[1:])
    Run(settings(tmp_path / "store", tmp_path / "run"), total=1).go()
    assert run_folder.read_state(tmp_path / "run").metrics["scripted/skipped"] == 1.0
    assert main(["status", str(tmp_path)]) == 0
    assert "left out scripted/actor_0, episode 0: its steps" in capsys.readouterr().out


def test_status_shows_every_run(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Run(settings(store, tmp_path / "a"), total=2).go()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / run_folder.STATE).write_text("{")
    assert main(["status", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "finished" in lines[-2]
    assert "cycle 2 of 2" in lines[-2]
    assert "cannot be read" in lines[-1]


def test_a_run_that_died_does_not_count_as_running(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, RunState("qt-opt", {}, 1, "none"))
    folder.close()
    assert run_folder.read_state(tmp_path).state == "running"

    os.utime(tmp_path / run_folder.STATE, (0, 0))
    assert run_folder.read_state(tmp_path).state == "dead"


def test_metrics_are_event_files_that_any_reader_takes(tmp_path: Path) -> None:
    assert events.crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C
    # As TensorFlow writes it; its checksums are rotated and shifted.
    assert events.record(b"abc").hex() == "0300000000000000b099490e6162636e57f121"
    writer = events.EventWriter(tmp_path)
    writer.scalars(300, {"loss": 0.5})
    writer.close()
    data, found = writer.path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        body = data[12 : 12 + length]
        assert events.record(body) == data[: length + 16]
        found.append(body)
        data = data[length + 16 :]
    assert b"brain.Event:2" in found[0]
    assert found[1][9:12] == b"\x10\xac\x02"  # field 2, varint 300
    assert found[1].endswith(b"\x0a\x04loss\x15" + struct.pack("<f", 0.5))
