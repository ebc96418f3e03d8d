# SPDX-License-Identifier: Apache-2.0
"""Changes of brightness, saturation, hue and contrast, and noise, as QT-Opt's open code makes them.

Order and ranges are those of tensor2robot's image_transformations.py; the strength of the noise is
not published. One draw serves a whole batch, so that pictures of one triple change alike.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rlcg_train.adapt.ranges import from_unit, to_unit

LUMA = (0.299, 0.587, 0.114)
# Draws for the patches of one batch.
DRAWS = 8


@dataclass(frozen=True)
class PhotometricSettings:
    """Half ranges of shifts, ranges of factors; ``noise``: sigma, drawn in half of the batches."""

    brightness: float = 0.125
    saturation: tuple[float, float] = (0.5, 1.5)
    hue: float = 0.2
    contrast: tuple[float, float] = (0.5, 1.5)
    noise: float = 0.03


@dataclass(frozen=True)
class Change:
    """One draw; all that it does follows from these numbers and torch's generator (noise)."""

    brightness: float
    saturation: float
    hue: float
    contrast: float
    noise: float

    def __call__(self, signed: Tensor) -> Tensor:
        """Return pictures (B, 3, S, S) in [-1, 1], changed and clipped."""
        unit = to_unit(signed) + self.brightness
        grey = (unit * _luma(unit)).sum(dim=1, keepdim=True)
        unit = grey + self.saturation * (unit - grey)
        unit = torch.einsum("ij,bjhw->bihw", _hue_turn(self.hue).to(unit), unit)
        middle = unit.mean(dim=(2, 3), keepdim=True)
        unit = middle + self.contrast * (unit - middle)
        if self.noise:
            unit = unit + self.noise * torch.randn_like(unit)
        return from_unit(unit.clamp(0.0, 1.0))


def changed_patches(patches: Tensor, settings: PhotometricSettings) -> Tensor:
    """Return patches (B, 3P, H, W) in [-1, 1], changed; all of one picture alike.

    A batch norm takes back what happens to a whole batch, so that each eighth of it has a draw of
    its own.
    """
    parts = [
        draw_change(settings)(part.reshape(-1, 3, *part.shape[2:])).reshape(part.shape)
        for part in patches.chunk(DRAWS)
    ]
    return torch.cat(parts)


def draw_change(settings: PhotometricSettings) -> Change:
    """Draw a change with torch's generator."""
    shift, saturation, hue, contrast, noisy = torch.rand(5).tolist()
    low_s, high_s = settings.saturation
    low_c, high_c = settings.contrast
    return Change(
        brightness=settings.brightness * (2 * shift - 1),
        saturation=low_s + saturation * (high_s - low_s),
        hue=settings.hue * (2 * hue - 1),
        contrast=low_c + contrast * (high_c - low_c),
        noise=settings.noise if noisy < 0.5 else 0.0,
    )


def _luma(unit: Tensor) -> Tensor:
    return torch.tensor(LUMA).to(unit)[None, :, None, None]


def _hue_turn(turns: float) -> Tensor:
    """Return (3, 3): colours turned about the grey axis; a full turn is 1."""
    cosine, sine = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    third, root = (1 - cosine) / 3, math.sqrt(1 / 3)
    along, back = third - root * sine, third + root * sine
    middle = cosine + third
    return torch.tensor([[middle, along, back], [back, middle, along], [along, back, middle]])
