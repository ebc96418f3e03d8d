# SPDX-License-Identifier: Apache-2.0
"""A grasp-success predictor that sees the world through a generator.

In simulation these are the actors of RL-CycleGAN, which must see G(x) as the learner does. On the
robot it is RCAN's policy, whose generator is part of the served graph.
"""

import copy
import json
from typing import Any

import torch
from torch import Tensor

from rlcg_train.adapt.unet import UNet, UNetSettings, folded
from rlcg_train.network import GraspNetwork, NetworkSettings

# What a policy's run leaves: for the robot, and for simulation, where pictures pass through G.
POLICY, ACTOR = "policy.pt", "actor.pt"


def seen_through(generator: UNet, picture: Tensor, with_own: bool) -> Tensor:
    """Return G(x), or G(x) and x as six channels (RCAN), of pictures (B, 3, S, S) in [-1, 1]."""
    made = generator(picture)
    return torch.cat([made, picture], dim=1) if with_own else made


class SeenThrough(GraspNetwork):
    """The predictor behind a generator; ``with_own``: it sees the camera's picture beside."""

    def __init__(self, settings: NetworkSettings, generator: UNet, with_own: bool) -> None:
        super().__init__(settings)
        self.generator, self.with_own = generator, with_own

    @classmethod
    def from_layout(cls, settings: NetworkSettings, layout: dict[str, Any]) -> "SeenThrough":
        """Build from plain data, as `layout` gives it."""
        plain = {**layout["generator"], "heads": tuple(layout["generator"]["heads"])}
        return cls(settings, folded(UNet(UNetSettings(**plain))), layout["with_own"])

    @classmethod
    def of(cls, network: GraspNetwork, generator: UNet, with_own: bool) -> "SeenThrough":
        """Return a copy of a network behind a copy of a generator, ready to serve."""
        made = cls(network.settings, folded(copy.deepcopy(generator)), with_own)
        behind = {f"generator.{k}": v for k, v in made.generator.state_dict().items()}
        made.load_state_dict({**network.state_dict(), **behind})
        made.eval()
        return made

    def layout(self) -> dict[str, Any]:
        """Return plain data for checkpoints, beside the network's own."""
        return {"generator": self.generator.settings.as_dict(), "with_own": self.with_own}

    def see(self, picture: Tensor) -> Tensor:
        """Return what the generator makes of a camera's picture (B, 3, S, S) in [-1, 1]."""
        return seen_through(self.generator, picture, self.with_own)


def goal_checkpoint(
    seed: int, data: tuple[str, ...], profile: str, network: GraspNetwork
) -> dict[str, Any]:
    """Return what `rlcg_train.checkpoints.load` needs of a predictor, behind a generator or not."""
    settings: dict[str, Any] = {
        "network": network.settings.as_dict(),
        "through": network.layout() if isinstance(network, SeenThrough) else None,
        "data": list(data),
        "seed": seed,
    }
    return {
        "network": network.state_dict(),
        "profile": profile,
        "settings": json.dumps(settings),
    }
