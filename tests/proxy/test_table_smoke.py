# SPDX-License-Identifier: Apache-2.0
"""`make table SMOKE=1`: every method end to end, at toy size."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rlcg_core import bundle
from rlcg_core.robots import ROBOTS
from rlcg_train.adapt.generator_plans import GENERATORS
from rlcg_train.adapt.recipes import RECIPES
from rlcg_train.adapt.results import read_all
from rlcg_train.run_folder import read_state


def make_table(root: Path, *more: str) -> str:
    """Run the command in a process of its own and return what it printed."""
    command = [sys.executable, "-m", "rlcg_proxy.cli", "table", "--smoke", "--root", str(root)]
    done = subprocess.run(
        [*command, *more],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_method_is_trained_exported_and_measured(tmp_path: Path) -> None:
    make_table(tmp_path)
    found = read_all(tmp_path / "results")
    assert {row for row, _ in found} == {row.name for row in RECIPES}
    assert all(result.toy and len(result.outcomes) == 1 for result in found.values())
    page = (tmp_path / "results.md").read_text()
    assert "Toy size" in page
    assert "not yet trained" not in page
    for plan in GENERATORS:
        folder = tmp_path / "generators" / plan.name
        assert read_state(folder).state == "finished"
        assert list((folder / "pictures").glob("*.png"))
    for row in RECIPES:
        manifest = bundle.load(tmp_path / "models" / row.name).manifest
        assert manifest.rule is not None
        assert manifest.training.data
    again = make_table(tmp_path, "--rows", "sim_only", "rl_cycle_gan")
    assert "resuming" not in again, "what is done is not done again"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_methods_run_on_robot_2_by_the_same_command(tmp_path: Path) -> None:
    make_table(tmp_path, "--robot", "robot2", "--rows", "rl_cycle_gan")
    assert len(read_all(tmp_path / "results")) == 2
    assert "These rows are of robot 2" in (tmp_path / "results.md").read_text()
    manifest = bundle.load(tmp_path / "models" / "rl_cycle_gan").manifest
    robot = ROBOTS["robot2"]
    assert manifest.rule == robot.rule
    pose = robot.cell.camera.transform_camera_to_base
    assert np.allclose(manifest.camera.transform_camera_to_base, pose)
