# SPDX-License-Identifier: Apache-2.0
"""Exponential averages of a network's weights."""

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an average of a network's weights and buffers by a share of ``1 - decay``.

    Counters are copied. Both are of the same layout, on the same device.
    """
    mine = average.state_dict()
    for name, value in network.state_dict().items():
        if value.dtype.is_floating_point:
            mine[name].lerp_(value, 1.0 - decay)
        else:
            mine[name].copy_(value)
