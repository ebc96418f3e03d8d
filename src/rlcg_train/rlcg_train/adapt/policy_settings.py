# SPDX-License-Identifier: Apache-2.0
"""How the policies of the table are trained."""

import json
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from rlcg_train.adapt.photometric import PhotometricSettings
from rlcg_train.network import NetworkSettings

# RL-CycleGAN, appendix A: 0.1 up to 10,000 real episodes, 2 from 80,000 on; between unpublished.
FEW_EPISODES, MANY_EPISODES = 10_000, 80_000


def real_weight(episodes: int) -> float:
    """Return lambda_RL-real for a number of real episodes."""
    if episodes <= FEW_EPISODES:
        return 0.1
    return 2.0 if episodes >= MANY_EPISODES else 1.0


class Mixing(Enum):
    """How the domains share a network: one batch norm, one for each, or that and DANN."""

    SHARED = "shared"
    SPLIT = "split"
    ADVERSARIAL = "adversarial"


@dataclass(frozen=True)
class PolicySettings:
    """How to train. ``with_own``: the network sees x beside G(x); ``dann``: weight of that loss.

    ``photometric``: how colours are varied. ``data``: folders of what it learns from, for the
    bundle's manifest.
    """

    steps: int = 1000
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    mixing: Mixing = Mixing.SHARED
    real_weight: float = 1.0
    with_own: bool = False
    dann: float = 0.1
    photometric: PhotometricSettings = field(default_factory=PhotometricSettings)
    seed: int = 1
    data: tuple[str, ...] = ()
    network: NetworkSettings = field(default_factory=lambda: NetworkSettings(picture_px=118))

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for the run's arguments."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=lambda m: m.value))
        return plain
