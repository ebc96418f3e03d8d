# SPDX-License-Identifier: Apache-2.0
"""A bundle of a small network of QT-Opt's kind, exported once; toy episodes to learn from."""

import shutil
from pathlib import Path

import pytest
import torch
from small_network import SMALL
from toy_grasps import write_toy_store

from rlcg_core import bundle
from rlcg_core.bundle import Bundle
from rlcg_core.manifest import Training
from rlcg_train import checkpoints, export, forms
from rlcg_train.profiles import ACTION


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)  # more of them only get in each other's way at this size
    path = tmp_path_factory.mktemp("checkpoint") / "checkpoint.pt"
    checkpoints.save(path, ACTION, checkpoints.fresh_qt_opt(3, SMALL), SMALL.as_dict())
    return path


@pytest.fixture(scope="session")
def exported(small_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("exported") / "small"
    training = Training("none", "none", 0.0, {}, {})
    made = export.export(export.ExportSettings(small_checkpoint, folder, training))
    return forms.add_forms(made, small_checkpoint)


@pytest.fixture
def model(exported: Bundle, tmp_path: Path) -> Bundle:
    """A copy of the bundle that a test may change."""
    return bundle.load(Path(shutil.copytree(exported.folder, tmp_path / "model")))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy episodes of two sources."""
    folder = tmp_path_factory.mktemp("store")
    write_toy_store(folder / "scripted", 60)
    write_toy_store(folder / "on_policy", 20, first=1000)
    return folder
