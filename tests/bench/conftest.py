# SPDX-License-Identifier: Apache-2.0
"""A small bundle of the benchmark's network, and what the variants run on made from it."""

from pathlib import Path

import pytest
import torch
from torch import nn

from rlcg_bench import prepare
from rlcg_bench.frame import Frame, save
from rlcg_bench.steps import Setup
from rlcg_core.bundle import Bundle
from rlcg_core.golden import pattern_image, pattern_noise
from rlcg_core.manifest import Training
from rlcg_train import checkpoints, export
from rlcg_train.profiles import ACTION
from rlcg_train.qt_opt_network import QtOptNetwork, QtOptSettings

SMALL = QtOptSettings(channels=8, context=16, dense=16)
FRAMES = 3


@pytest.fixture(scope="session")
def network() -> QtOptNetwork:
    """An untrained network whose norms do something."""
    made = checkpoints.fresh_qt_opt(3, SMALL)
    torch.manual_seed(4)
    for norm in made.modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.8, 1.2)
            nn.init.uniform_(norm.bias, -0.1, 0.1)
    return made


@pytest.fixture(scope="session")
def small_bundle(network: QtOptNetwork, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bench")
    checkpoints.save(folder / "network.pt", ACTION, network, SMALL.as_dict())
    training = Training("none", "none", 0.0, {}, {})
    return export.export(export.ExportSettings(folder / "network.pt", folder / "small", training))


@pytest.fixture(scope="session")
def work(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> prepare.Work:
    """Graphs and frames as a run has them, with pictures that need no simulator."""
    made = prepare.prepare(small_bundle, tmp_path_factory.mktemp("work"))
    start = ACTION.start
    for k in range(FRAMES):
        values = {
            "state": ACTION.example(k)["state"],
            "cem_mean0": torch.tensor(start.mean0).numpy(),
            "cem_std0": torch.tensor(start.std0).numpy(),
        }
        numbers = {name: value.astype("float32") for name, value in values.items()}
        noise = pattern_noise(k, small_bundle.manifest.cem.noise_shape)
        save(made.folder, k, Frame(image=pattern_image(k + 7), noise=noise, **numbers))
    return made


@pytest.fixture
def setup(small_bundle: Bundle, work: prepare.Work) -> Setup:
    return Setup(str(small_bundle.folder), str(work.folder), threads=1)


@pytest.fixture
def folder(work: prepare.Work) -> Path:
    return work.folder
