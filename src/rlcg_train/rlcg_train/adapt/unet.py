# SPDX-License-Identifier: Apache-2.0
"""The generators' network, a U-Net (RL-CycleGAN, appendix A), at any size of picture.

Blocks of convolution, instance norm and ReLU; halved by strides, doubled by nearest neighbours;
what came down is added on the way up. Where a side was odd, the doubled map is one too large and
loses its first row and column: twice at 472 pixels, as in the paper. The paper's figure with the
filters is not public; those here are the smallest that lead to exactly these two cases.

Not in the paper: the last convolution begins with zeros and without spectral norm, and what it says
is a change of the picture that came in, before the tanh. So a new generator hands its picture on as
it is. As the paper has it, the last layer saturates at once (the norm bounds its gain, but
neighbouring values add up), the cycle begins with noise, and the discriminator has won before a
generator has learned anything: a hundred thousand steps mend that, a few thousand do not.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize

from rlcg_core.errors import ConfigError
from rlcg_train.adapt.instance_norm import InstanceNorm

WIDTHS = (32, 64, 128, 256, 512, 512, 512)
# Instance norm of a single value is zero: the way down ends before maps become that small.
BOTTOM_PX = 8
IMAGE = 3
# Colours are squeezed a little before the tanh is undone, as -1 and 1 lie at infinity.
SQUEEZE = 0.95


def down_steps(side_px: int) -> int:
    """Return how often a picture of this side is halved: six times at 472, ending at 8 x 8."""
    steps, side = 0, side_px
    while (side + 1) // 2 >= BOTTOM_PX and steps < len(WIDTHS) - 1:
        side, steps = (side + 1) // 2, steps + 1
    return steps


@dataclass(frozen=True)
class UNetSettings:
    """Layout: ``inputs`` channels come in, ``heads`` give channels, each a map of its own.

    ``divisor`` of all widths; ``side_px``: of the square pictures. The first head is the picture
    and ends in tanh, the others are linear. ``hands_on``: whether it begins as what came in, and
    says how that changes; else it begins as grey.
    """

    side_px: int = 472
    divisor: int = 1
    inputs: int = IMAGE
    heads: tuple[int, ...] = (IMAGE,)
    hands_on: bool = True

    def __post_init__(self) -> None:
        if self.side_px < 2 * BOTTOM_PX:
            raise ConfigError(f"pictures are {self.side_px} px, expected {2 * BOTTOM_PX} or more")
        if self.divisor not in (1, 2, 4, 8, 16) or not self.heads or self.heads[0] != IMAGE:
            raise ConfigError("expected a divisor of 1, 2, 4, 8 or 16 and a first head of 3")

    def as_dict(self) -> dict[str, object]:
        """Return plain data for checkpoints."""
        return asdict(self)


class Block(nn.Module):
    """Convolution with spectral norm, instance norm, ReLU; halves the map if ``stride`` is 2."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = _spectral(inputs, outputs, kernel, stride, bias=False)
        self.norm = InstanceNorm(outputs)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (B, outputs, H, W)."""
        return functional.relu(self.norm(self.convolution(maps)))


def _spectral(
    inputs: int, outputs: int, kernel: int, stride: int = 1, bias: bool = True
) -> nn.Module:
    plain = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=bias)
    return parametrizations.spectral_norm(plain)


def _of_zeros(inputs: int, outputs: int, kernel: int) -> nn.Module:
    plain = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.zeros_(plain.weight)
    nn.init.zeros_(plain.bias)
    return plain


class UNet(nn.Module):
    """Maps pictures (B, inputs, S, S) in [-1, 1] to pictures of the same size."""

    def __init__(self, settings: UNetSettings) -> None:
        super().__init__()
        self.settings = settings
        steps = down_steps(settings.side_px)
        widths = [width // settings.divisor for width in WIDTHS[: steps + 1]]
        self.first = Block(settings.inputs, widths[0], 7)
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(Block(a, b, 3, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(Block(b, a, 3) for a, b in reversed(pairs))
        others = (_spectral(widths[0], n, 7) for n in settings.heads[1:])
        self.heads = nn.ModuleList([_of_zeros(widths[0], IMAGE, 7), *others])
        # Convolutions of so few channels are twice as fast pixel by pixel.
        self.to(memory_format=torch.channels_last)

    def forward(self, picture: Tensor) -> Tensor:
        """Return the adapted picture (B, 3, S, S) in [-1, 1]."""
        return self._made(picture, self.heads[0](self._body(picture)))

    def all_heads(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Return the adapted picture and what the other heads say, each (B, channels, S, S)."""
        body = self._body(picture)
        first, *others = (head(body) for head in self.heads)
        return self._made(picture, first), *(said.float() for said in others)

    def _made(self, picture: Tensor, said: Tensor) -> Tensor:
        """Return the picture (B, 3, S, S) that follows from what came in and the first head."""
        if not self.settings.hands_on:
            return torch.tanh(said.float())
        own = SQUEEZE * picture[:, :IMAGE].clamp(-1.0, 1.0)
        # The inverse of tanh, which ONNX export does not know by that name.
        before_tanh = 0.5 * torch.log((1.0 + own) / (1.0 - own))
        return torch.tanh(before_tanh + said)

    def _body(self, picture: Tensor) -> Tensor:
        if picture.shape[-1] != self.settings.side_px or picture.shape[-2] != picture.shape[-1]:
            raise ConfigError(
                f"pictures are {tuple(picture.shape[-2:])}, the generator was made for "
                f"{self.settings.side_px} px: take data of that size, or another generator"
            )
        maps = self.first(picture)
        before = []
        for block in self.down:
            before.append(maps)
            maps = block(maps)
        for block in self.up:
            skip = before.pop()
            # Laid out for the convolution now, while the map is a quarter of the size.
            maps = maps.contiguous(memory_format=torch.channels_last)
            doubled = functional.interpolate(maps, scale_factor=2, mode="nearest")
            maps = block(fitted(doubled, skip.shape[-1])) + skip
        return maps


def fitted(doubled: Tensor, side_px: int) -> Tensor:
    """Drop first row and column of a doubled map where the map before was of odd side."""
    extra = doubled.shape[-1] - side_px
    return doubled[..., extra:, extra:]


def folded(generator: UNet) -> UNet:
    """Return the generator in inference mode, spectral norm multiplied into its weights."""
    generator.eval()
    for module in generator.modules():
        if isinstance(module, nn.Conv2d) and parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
    return generator
