# SPDX-License-Identifier: Apache-2.0
"""What the generators' stages have in common: sizes, weights of the losses, rates."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import nn
from torch.optim import Optimizer

from rlcg_core.errors import ConfigError
from rlcg_train.adapt.discriminator import Discriminator, DiscriminatorSettings
from rlcg_train.adapt.stage import adam
from rlcg_train.adapt.unet import UNet, UNetSettings

# Four halvings make one pixel of it, and instance norm needs two.
SMALLEST_JUDGED_PX = 16


@dataclass(frozen=True)
class Weights:
    """Of the losses (RL-CycleGAN, table 5); ``smooth`` is ours (docs/decisions/0011)."""

    gan: float = 1.0
    cycle: float = 10.0
    rl: float = 10.0
    scene: float = 10.0
    smooth: float = 0.3


@dataclass(frozen=True)
class GanSettings:
    """The small profile by default; the paper's: 472, divisors 1, three scales.

    ``batch``: pictures of each domain. ``learning_rate``: of generators and discriminators.
    """

    side_px: int = 118
    divisor: int = 4
    discriminator_divisor: int = 4
    scales: int = 3
    batch: int = 8
    learning_rate: float = 1e-4
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        if self.batch < 1 or self.learning_rate <= 0.0:
            raise ConfigError("expected a batch of 1 or more and a learning rate above 0")
        coarsest = -(-self.side_px // 2 ** (self.scales - 1))
        if coarsest <= SMALLEST_JUDGED_PX:
            raise ConfigError(
                f"the discriminator's coarsest scale is {coarsest} px of {self.side_px}, expected "
                f"more than {SMALLEST_JUDGED_PX}: take fewer scales"
            )

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for the run's arguments."""
        return asdict(self)

    def generator(self, *more_heads: int, hands_on: bool = True) -> UNet:
        """Return a new generator; ``more_heads``: channels of what it says beside the picture."""
        heads = (3, *more_heads)
        return UNet(UNetSettings(self.side_px, self.divisor, heads=heads, hands_on=hands_on))

    def discriminator(self) -> Discriminator:
        """Return a new discriminator."""
        return Discriminator(
            DiscriminatorSettings(divisor=self.discriminator_divisor, scales=self.scales)
        )

    def optimizer(self, networks: Sequence[nn.Module]) -> Optimizer:
        """Return the papers' optimizer over some networks."""
        return adam(networks, self.learning_rate)
