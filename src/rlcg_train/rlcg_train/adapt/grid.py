# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run: a column for each kind (x, G(x), ...), a row for each frame."""

import os
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from rlcg_core.errors import DataError
from rlcg_core.types import ImageArray
from rlcg_train.adapt.ranges import to_bytes

GAP_PX, CAPTION_PX = 4, 16


def draw(pictures: dict[str, Tensor]) -> ImageArray:
    """Return one picture (H, W, 3) uint8 of named columns (n, 3, S, S) in [-1, 1].

    As many rows as the shortest column has.
    """
    rows = min(len(column) for column in pictures.values())
    columns = []
    for name, column in pictures.items():
        shown = list(to_bytes(column[:rows].detach()))
        strip = torch.cat(shown, dim=1).permute(1, 2, 0).cpu().numpy()
        head = np.full((CAPTION_PX, strip.shape[1], 3), 255, np.uint8)
        cv2.putText(head, name, (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
        columns += [np.concatenate([head, strip]), _gap(len(strip) + CAPTION_PX)]
    return np.ascontiguousarray(np.concatenate(columns[:-1], axis=1))


def _gap(height: int) -> ImageArray:
    return np.full((height, GAP_PX, 3), 255, np.uint8)


def save(path: Path, pictures: dict[str, Tensor]) -> None:
    """Write the grid as PNG, whole or not at all; raises `DataError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part.png")
    if not cv2.imwrite(str(temporary), draw(pictures)[:, :, ::-1]):
        raise DataError(f"{temporary} cannot be written: is the disk full?")
    os.replace(temporary, path)
