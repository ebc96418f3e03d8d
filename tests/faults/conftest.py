# SPDX-License-Identifier: Apache-2.0
"""The cell that the faults are made in, and the report.

pytest tests/faults                        # as tests
pytest tests/faults --faults-report runs   # a line per fault, a table, JSON and HTML: make faults
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption(
        "--faults-report",
        default="",
        metavar="FOLDER",
        help="tell of each fault, and write JSON and HTML into a new folder in this one",
    )


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Iterator[object]:
    """What was found; told and written if the command line asks for it."""
    from fault_report import FaultReport

    folder = request.config.getoption("--faults-report", "")
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    tell = terminal.write_line if folder and terminal is not None else lambda line: None
    found = FaultReport(tell)
    yield found
    if folder and found.findings:
        found.tell_table()
        found.write(Path(folder))


@pytest.fixture(scope="session")
def programs() -> Iterator[None]:
    """Let processes find the programs of this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))
        yield


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model."""
    import tiny_model

    return tiny_model.write(tmp_path_factory.mktemp("model") / "tiny").folder


@pytest.fixture(scope="session")
def watch() -> object:
    """Who judges the motion."""
    from motion_watch import MotionWatch

    return MotionWatch()
