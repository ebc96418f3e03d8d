# SPDX-License-Identifier: Apache-2.0
"""The torch network of this run and the search that its bundle declares."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlcg_bench.frame import picture
from rlcg_bench.steps import Setup
from rlcg_core import cem, strict_json
from rlcg_core.bundle import MANIFEST
from rlcg_core.manifest import Manifest
from rlcg_train import checkpoints
from rlcg_train.qt_opt_network import QtOptNetwork
from rlcg_train.scorer import to_spec

CHECKPOINT = "network.pt"


def load(setup: Setup) -> tuple[QtOptNetwork, cem.CemSettings]:
    """Return network and search, with torch on the run's number of threads."""
    torch.set_num_threads(setup.threads)
    _, network = checkpoints.load(Path(setup.work) / CHECKPOINT)
    assert isinstance(network, QtOptNetwork)
    network = network.to(memory_format=_layout(setup))
    return network, strict_json.read(Manifest, Path(setup.model) / MANIFEST).cem


def pictures(setup: Setup, image: npt.NDArray[np.uint8], count: int = 1) -> Tensor:
    """Return the picture ``count`` times, (count, 3, 472, 472) in the setup's layout."""
    tiled = np.tile(picture(image), (count, 1, 1, 1))
    return torch.from_numpy(tiled).contiguous(memory_format=_layout(setup))


def conditions(samples: npt.ArrayLike, state: npt.ArrayLike) -> Tensor:
    """Return actions and states (N, 10) of samples (N, V) and one state (2,)."""
    actions = to_spec(torch.tensor(np.asarray(samples), dtype=torch.float32))
    states = torch.tensor(np.asarray(state), dtype=torch.float32).expand(len(actions), -1)
    return torch.cat([actions, states], dim=1)


def _layout(setup: Setup) -> torch.memory_format:
    return torch.channels_last if setup.channels_last else torch.contiguous_format
