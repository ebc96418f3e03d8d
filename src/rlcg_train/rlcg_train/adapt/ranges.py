# SPDX-License-Identifier: Apache-2.0
"""The three ranges of a picture, converted here and nowhere else.

Bytes 0..255 on disk; "signed" [-1, 1] is what generators, discriminators and the grasp-success
predictor see; "unit" [0, 1] is what photometric changes and QT-Opt's network at paper size see.
"""

import torch
from torch import Tensor


def to_signed(pixels: Tensor) -> Tensor:
    """Return bytes of any shape as float32 in [-1, 1]."""
    return pixels.float() / 127.5 - 1.0


def to_unit(signed: Tensor) -> Tensor:
    """Return a picture in [-1, 1] as one in [0, 1]."""
    return 0.5 * (signed + 1.0)


def from_unit(unit: Tensor) -> Tensor:
    """Return a picture in [0, 1] as one in [-1, 1]."""
    return 2.0 * unit - 1.0


def to_bytes(signed: Tensor) -> Tensor:
    """Return a picture in [-1, 1] as bytes, clipped and rounded."""
    return torch.round((signed.clamp(-1.0, 1.0) + 1.0) * 127.5).to(torch.uint8)
