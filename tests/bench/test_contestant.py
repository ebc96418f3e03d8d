# SPDX-License-Identifier: Apache-2.0
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlcg_bench.contestant import Contestant
from rlcg_bench.prepare import HOISTED
from rlcg_bench.steps import Setup
from rlcg_core.errors import ConfigError


@pytest.fixture
def child(setup: Setup) -> Iterator[Contestant]:
    made = Contestant("graph", "graph", replace(setup, graph=HOISTED), warm_up=1)
    with closing(made):
        yield made.wait_ready()


def test_a_process_decides_and_times_itself(child: Contestant) -> None:
    found = child.ask(1)
    assert len(found.goal) == 7
    assert found.q_value is not None
    assert 0.0 < found.cpu_ms < 1e4
    assert 0.0 < found.wall_ms < 1e5


def test_its_memory_is_its_own_and_without_torch(setup: Setup) -> None:
    ballast = np.ones(100_000_000, np.float32)  # 400 MB of the process that starts it
    with closing(Contestant("own", "graph", replace(setup, graph=HOISTED), 1)) as child:
        peak_mb = child.wait_ready().ask(0).peak_mb
    assert ballast.all()
    assert peak_mb is not None
    assert 20.0 < peak_mb < 300.0
    assert set(child.versions) == {"python", "numpy", "onnxruntime"}


def test_a_process_that_dies_is_an_error_that_names_it(child: Contestant) -> None:
    os.kill(child._process.pid, signal.SIGKILL)
    with pytest.raises(ConfigError, match="graph: its process ended"):
        child.ask(0)


def test_an_interpreter_without_the_runtime_is_an_error(setup: Setup, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho this is no python >&2\nexit 1\n")
    python.chmod(0o755)
    made = Contestant("foreign", "graph", replace(setup, graph=HOISTED), 1, str(python))
    with closing(made), pytest.raises(ConfigError, match=r"foreign: .*this is no python"):
        made.wait_ready()
