# SPDX-License-Identifier: Apache-2.0
"""Cells without physics, one for each file of tests, ready again before each test; a camera."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_model
from camera_bench import Camera
from mock_cell import MockCell
from pictures import striped, write_folder
from processes import NodeProcess


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny model, to be read only."""
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny").folder


@pytest.fixture(scope="module")
def bare_cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockCell]:
    """Sim and gate, without a policy."""
    with MockCell(tmp_path_factory.mktemp("cell")) as cell:
        yield cell


@pytest.fixture(scope="module")
def whole_cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockCell]:
    """Sim, gate and policy."""
    folder = tmp_path_factory.mktemp("cell")
    model = tiny_model.write(folder / "tiny").folder
    with MockCell(folder) as cell:
        cell.start_policy(model)
        yield cell


@pytest.fixture
def cell(bare_cell: MockCell) -> MockCell:
    """The cell, brought back to a start."""
    bare_cell.ready()
    return bare_cell


@pytest.fixture
def policy(cell: MockCell, model: Path) -> Iterator[NodeProcess]:
    """policy_node in the cell, with the tiny model."""
    process = cell.start_policy(model)
    yield process
    if process.running:
        process.end()
    cell.until(lambda: not cell.action.server_is_ready(), "end of policy_node", 25.0)


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    """Listens to the camera_node that a test starts, in a ROS home of its own."""
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    with Camera(tmp_path) as made:
        yield made


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of two pictures."""
    return write_folder(tmp_path / "pictures", [striped(), striped()])
