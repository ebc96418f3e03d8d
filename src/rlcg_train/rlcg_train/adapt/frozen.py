# SPDX-License-Identifier: Apache-2.0
"""Frozen generators: the pictures that they make, and proof that they stay as they are."""

import hashlib
from dataclasses import replace

import torch
from torch import nn

from rlcg_train.adapt.domain import DomainData
from rlcg_train.adapt.ranges import to_bytes, to_signed
from rlcg_train.adapt.seen_through import seen_through
from rlcg_train.adapt.unet import UNet


@torch.no_grad()
def adapted(data: DomainData, generator: UNet, with_own: bool = False) -> DomainData:
    """Return the same grasps with the pictures as a frozen generator makes them."""
    chunks = [
        to_bytes(seen_through(generator, to_signed(pixels), with_own))
        for pixels in data.pictures.split(32)
    ]
    return replace(data, pictures=torch.cat(chunks))


def weights_hash(network: nn.Module) -> str:
    """Return a fingerprint of all weights and buffers."""
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().numpy().tobytes())
    return digest.hexdigest()
