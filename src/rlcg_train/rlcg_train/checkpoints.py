# SPDX-License-Identifier: Apache-2.0
"""Networks on disk: weights, layout and profile; and fresh ones to measure speed with."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rlcg_core.errors import DataError
from rlcg_train.adapt.seen_through import SeenThrough
from rlcg_train.network import GraspNetwork, NetworkSettings
from rlcg_train.profiles import ACTION, GOAL, GOALS, PROFILES, REACH, STEP, Profile
from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.patch_q import PatchQNetwork, PatchQSettings
from rlcg_train.qt_opt_network import CONDITION_DIM, QtOptNetwork, QtOptSettings


def load(checkpoint: Path) -> tuple[Profile, nn.Module]:
    """Return profile and network, ready for inference; raises `DataError`."""
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError) as error:
        raise DataError(f"{checkpoint} cannot be read ({error}): give a checkpoint.pt") from error
    name = state.get("profile", GOAL.name)
    if name not in PROFILES:
        raise DataError(f"{checkpoint} is of profile {name!r}, expected one of {list(PROFILES)}")
    layout: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in json.loads(state["settings"])["network"].items()
    }
    network: nn.Module
    if PROFILES[name] in GOALS.values():
        network = GraspNetwork(NetworkSettings(**layout))
        through = json.loads(state["settings"]).get("through")
        if through is not None:
            network = SeenThrough.from_layout(network.settings, through)
    elif name == REACH.name:
        network = PatchQNetwork(PatchQSettings(**layout))
    elif name == STEP.name:
        network = PaperQ(QtOptSettings(**layout))
    else:
        network = QtOptNetwork(QtOptSettings(**layout))
    network.load_state_dict(state["network"])
    return PROFILES[name], network.eval()


def learned_cycles(checkpoint: Path) -> int:
    """Return how many epochs, steps or cycles a checkpoint had learned, as its trainer counts."""
    return int(torch.load(checkpoint, map_location="cpu", weights_only=True)["epoch"])


@torch.no_grad()
def fresh_qt_opt(seed: int, settings: QtOptSettings) -> QtOptNetwork:
    """Return an untrained network whose norms are calibrated and whose logits spread like one.

    Deep random networks let their input die out; with running statistics of a few random batches
    and logits scaled to a standard deviation of one, CEM has something to search.
    """
    torch.manual_seed(seed)
    network = QtOptNetwork(settings)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = None  # a plain mean over the batches
    side = settings.scale_px
    network.train()
    for _ in range(3):
        condition = torch.rand(8, CONDITION_DIM) * 2 - 1
        network(torch.rand(8, 3, side, side), condition)
    network.eval()
    features = network.encode(torch.rand(1, 3, side, side))
    logits = network.score(features, torch.rand(64, CONDITION_DIM) * 2 - 1)
    last = network.rest[-1]
    assert isinstance(last, nn.Linear)
    scale = 1.0 / float(logits.std().clamp(min=1e-6))
    last.weight.mul_(scale)
    last.bias.copy_(scale * (last.bias - logits.mean()))
    return network


def save(path: Path, profile: Profile, network: nn.Module, layout: dict[str, Any]) -> None:
    """Write a checkpoint without a training run behind it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = {"network": layout, "data": [], "seed": 0}
    torch.save(
        {
            "network": network.state_dict(),
            "profile": profile.name,
            "settings": json.dumps(settings),
            "epoch": 0,
            "seconds": 0.0,
        },
        path,
    )


def init_qt_opt(path: Path, seed: int) -> None:
    """Write an untrained paper-size network, for measuring speed."""
    settings = QtOptSettings()
    save(path, ACTION, fresh_qt_opt(seed, settings), settings.as_dict())
