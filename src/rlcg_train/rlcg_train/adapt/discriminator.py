# SPDX-License-Identifier: Apache-2.0
"""Discriminators that judge patches of a picture, at three scales (GraspGAN, figure 4).

The published layers see 94 pixels, although the text of the paper says 70; the layers count here.
One set of weights looks at all scales, each the means of 2 x 2 pixels of the one before.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from rlcg_core.errors import ConfigError
from rlcg_train.adapt.instance_norm import InstanceNorm

WIDTHS = (64, 128, 256, 256)
KERNEL = 4


@dataclass(frozen=True)
class DiscriminatorSettings:
    """``inputs`` channels; ``divisor`` of all widths; how many ``scales``."""

    inputs: int = 3
    divisor: int = 1
    scales: int = 3

    def __post_init__(self) -> None:
        if self.scales < 1 or self.divisor < 1:
            raise ConfigError("a discriminator has at least one scale and a divisor of 1 or more")

    def as_dict(self) -> dict[str, object]:
        """Return plain data for checkpoints."""
        return asdict(self)


class SameConvolution(nn.Conv2d):
    """A 4x4 convolution padded as TensorFlow's SAME: the output is the input's side / stride."""

    def forward(self, input: Tensor) -> Tensor:
        """Return maps (B, outputs, ceil(H / stride), ceil(W / stride))."""
        height, width = (_padding(side, self.stride[0]) for side in input.shape[-2:])
        return super().forward(functional.pad(input, (*width, *height)))


def _padding(side: int, stride: int) -> tuple[int, int]:
    total = max(0, ((side + stride - 1) // stride - 1) * stride + KERNEL - side)
    return total // 2, total - total // 2


def _layers(settings: DiscriminatorSettings) -> nn.Sequential:
    layers: list[nn.Module] = []
    inputs = settings.inputs
    for place, full in enumerate(WIDTHS):
        outputs = max(1, full // settings.divisor)
        layers.append(SameConvolution(inputs, outputs, KERNEL, stride=2, bias=place == 0))
        if place:
            layers.append(InstanceNorm(outputs))
        layers.append(nn.ReLU())
        inputs = outputs
    return nn.Sequential(*layers, SameConvolution(inputs, 1, KERNEL))


class Discriminator(nn.Module):
    """Maps pictures (B, C, S, S) in [-1, 1] to logits of "real", a map for each scale."""

    def __init__(self, settings: DiscriminatorSettings) -> None:
        super().__init__()
        self.settings = settings
        self.layers = _layers(settings)
        # As in the generators: faster pixel by pixel.
        self.to(memory_format=torch.channels_last)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return logits (B, 1, h, w), finest scale first."""
        maps = []
        for number in range(self.settings.scales):
            if number:
                picture = functional.avg_pool2d(picture, 2, ceil_mode=True, count_include_pad=False)
            maps.append(self.layers(picture).float())
        return maps
