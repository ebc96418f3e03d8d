# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of stages on disk, and the generators in them."""

import io
import os
from pathlib import Path
from typing import Any

import torch

from rlcg_core.errors import DataError
from rlcg_train.adapt.unet import UNet, UNetSettings, folded


def write_whole(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all; raises `OSError` where the disk is full.

    Torch itself would raise a `RuntimeError` there, as for much else.
    """
    bytes_of_it = io.BytesIO()
    torch.save(state, bytes_of_it)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(bytes_of_it.getbuffer())
    os.replace(temporary, path)


def load_generator(checkpoint: Path, name: str = "G") -> UNet:
    """Return the mean of a trained generator, frozen and folded for inference.

    Raises `DataError`.
    """
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        layout, weights = state["layouts"][name], state["means"][name]
        generator = UNet(UNetSettings(**{**layout, "heads": tuple(layout["heads"])}))
        generator.load_state_dict(weights)
    except (OSError, RuntimeError, KeyError) as error:
        raise DataError(
            f"{checkpoint} has no generator {name} ({error!r}): give the checkpoint.pt of a "
            "generator's run"
        ) from error
    generator.requires_grad_(False)
    return folded(generator)
