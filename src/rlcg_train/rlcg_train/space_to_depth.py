# SPDX-License-Identifier: Apache-2.0
"""QT-Opt's first convolution on 2 x 2 blocks of bytes: the same sums, twelve channels, no scaling.

A 6 x 6 kernel that steps by 2 is a 3 x 3 kernel that steps by 1 over blocks of 2 x 2 pixels; three
channels keep a processor's vector lanes empty, twelve fill them. The division by 255 moves into
the weights, so that the camera's bytes are what the convolution multiplies, int8 forms included.
"""

import torch
from torch import Tensor, nn

from rlcg_train.preprocess import crop

BLOCK = 2


def can_split(layer: nn.Module) -> bool:
    """Return whether a layer is the convolution that `on_blocks` can rewrite."""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.stride == (BLOCK, BLOCK)
        and layer.kernel_size == (3 * BLOCK, 3 * BLOCK)
        and layer.padding == (BLOCK, BLOCK)
    )


@torch.no_grad()
def on_blocks(layer: nn.Conv2d) -> nn.Conv2d:
    """Return the convolution of `blocks` that equals ``layer`` of the picture in [0, 1]."""
    outputs, inputs = layer.out_channels, layer.in_channels
    made = nn.Conv2d(inputs * BLOCK * BLOCK, outputs, 3, padding=1)
    taps = layer.weight.reshape(outputs, inputs, 3, BLOCK, 3, BLOCK)
    made.weight.copy_(taps.permute(0, 3, 5, 1, 2, 4).reshape(made.weight.shape) / 255.0)
    assert layer.bias is not None
    assert made.bias is not None
    made.bias.copy_(layer.bias)
    return made


def blocks(image: Tensor) -> Tensor:
    """Return the centre crop of uint8 (512, 640, 3) as (1, 12, 236, 236) in [0, 255].

    Channel: row in the block, column in the block, colour.
    """
    cropped = crop(image)
    rows, columns, colours = (int(n) for n in cropped.shape)
    cells = cropped.reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK, colours)
    grid = cells.permute(0, 2, 1, 3, 4).reshape(rows // BLOCK, columns // BLOCK, -1)
    return grid.permute(2, 0, 1)[None].float()
