# SPDX-License-Identifier: Apache-2.0
"""What a simulator knows of the pictures in a shard, in a second file beside it.

``pairs_00000.npz`` belongs to ``00000.npz``, frame by frame, and is written first, so that a shard
that is there has all that belongs to it.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import DataError
from rlcg_core.types import ImageArray
from rlcg_sim.looks.pairs import Pair
from rlcg_train.shards import HALF_PX, half_crop


@dataclass(frozen=True)
class Truths:
    """Half-size crops: ``canonical`` (n, 236, 236, 3), ``mask`` (n, 236, 236), ``depth_m``."""

    canonical: ImageArray
    mask: npt.NDArray[np.uint8]
    depth_m: npt.NDArray[np.float16]


def beside(shard: Path) -> Path:
    """Return where the pairs of a shard lie."""
    return shard.with_name(f"pairs_{shard.name}")


def write(path: Path, pairs: list[Pair]) -> None:
    """Write pairs, whole or not at all."""
    temporary = path.with_suffix(".part.npz")
    np.savez_compressed(
        temporary,
        canonical=np.array([half_crop(p.canonical_hwc) for p in pairs], np.uint8).reshape(
            -1, HALF_PX, HALF_PX, 3
        ),
        mask=np.array([_every_second(p.mask) for p in pairs], np.uint8),
        depth_m=np.array([_every_second(p.depth_m) for p in pairs], np.float16),
    )
    os.replace(temporary, path)


def _every_second(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return the crop's every second pixel: classes have no mean."""
    margins = [(side - 2 * HALF_PX) // 2 for side in values.shape]
    rows, columns = (slice(m, m + 2 * HALF_PX, 2) for m in margins)
    return values[rows, columns]


def read(path: Path) -> Truths:
    """Return the pairs of one file; raises `DataError`."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return Truths(data["canonical"], data["mask"], data["depth_m"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{path} cannot be read ({error}): delete it and its shard") from error
