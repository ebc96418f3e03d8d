# SPDX-License-Identifier: Apache-2.0
"""Toy data of both domains, made once."""

from pathlib import Path

import pytest
import torch
from toy_domains import toy_domains

from rlcg_train.adapt.domain import DomainData


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """More of them only get in each other's way at this size."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def domains(tmp_path_factory: pytest.TempPathFactory) -> tuple[DomainData, DomainData]:
    """Simulated and real grasps, pictures of 59 pixels."""
    return toy_domains(tmp_path_factory.mktemp("domains"))


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toys")
    toy_domains(folder, attempts=40)
    return folder
