# SPDX-License-Identifier: Apache-2.0
"""A program that is stopped while it still imports ends at once and says nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SLOW = "import time\nprint('importing', flush=True)\ntime.sleep(30)\n"
READY = "def main():\n    print('main runs', flush=True)\n"
START = "from rlcg_core.programs import start; start('program')"


def start(folder: Path, text: str, repository: Path) -> subprocess.Popen:
    (folder / "program.py").write_text(text)
    paths = os.pathsep.join([str(folder), str(repository / "src/rlcg_core")])
    return subprocess.Popen(
        [sys.executable, "-c", START],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_imports_ends_quietly(
    tmp_path: Path, repository: Path, number: int
) -> None:
    process = start(tmp_path, SLOW, repository)
    assert process.stdout is not None
    assert process.stdout.readline() == "importing\n"
    process.send_signal(number)
    assert process.communicate(timeout=5.0) == ("", "")
    assert process.returncode == 0


def test_the_program_runs(tmp_path: Path, repository: Path) -> None:
    process = start(tmp_path, READY, repository)
    assert process.communicate(timeout=10.0) == ("main runs\n", "")
