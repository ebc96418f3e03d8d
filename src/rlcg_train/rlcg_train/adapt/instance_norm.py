# SPDX-License-Identifier: Apache-2.0
"""Instance norm as generators and discriminators use it, with weight and bias."""

from torch import Tensor, nn


class InstanceNorm(nn.GroupNorm):
    """Groups of one channel are an instance norm, and computed faster than torch's own.

    It is fast on maps that lie channel by channel. Convolutions of few channels are twice as fast
    on those that lie pixel by pixel, and leave theirs so.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, input: Tensor) -> Tensor:
        """Return maps (B, C, H, W)."""
        return super().forward(input.contiguous())
