# SPDX-License-Identifier: Apache-2.0
"""Reads one domain's shards. What cannot be used is left out, counted and named.

Simulated shards may have a second file of masks, depth and canonical pictures
(`rlcg_train.adapt.pair_shards`). Real ones are made of logged episodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from rlcg_core.errors import DataError
from rlcg_train.adapt import pair_shards
from rlcg_train.adapt.domain import DomainData, Rows, Truth
from rlcg_train.dataset import held_out_attempts, some_of_each
from rlcg_train.shards import HALF_PX, Samples, read_shard

IntArray = npt.NDArray[np.int64]


def load(folders: Sequence[Path], side_px: int, episodes: int = 0) -> DomainData:
    """Read shards of some folders; the first ``episodes`` attempts only, 0 for all.

    Raises `DataError` if nothing is left or cameras differ.
    """
    if side_px < 16 or HALF_PX % side_px:
        raise DataError(f"side is {side_px} px, expected a divisor of {HALF_PX}: 118 or 236")
    paths = [path for folder in folders for path in sorted(folder.glob("[0-9]*.npz"))]
    reader = _Reader(side_px)
    for path in paths:
        if not path.name.endswith(".part.npz") and not (episodes and reader.attempts >= episodes):
            reader.take(path, episodes - reader.attempts if episodes else 0)
    if not reader.parts:
        reasons = reader.left_out or "empty"
        raise DataError(f"no usable shard in {[str(f) for f in folders]}: {reasons}")
    return reader.data()


@dataclass
class _Reader:
    """What was read so far."""

    side_px: int
    attempts: int = 0
    parts: list[Samples] = field(default_factory=list)
    pictures: list[Tensor] = field(default_factory=list)
    truths: list[Truth | None] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    projection: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def take(self, path: Path, count: int) -> None:
        """Read the first ``count`` attempts of a shard, 0 for all."""
        try:
            samples, here = read_shard(path)
            truth = _truth(path, self.side_px)
        except DataError as error:
            self.left_out[path.name] = str(error)
            return
        if not len(samples.attempt):
            return  # all of its attempts were refused before they closed the jaw
        if len(self.projection) and not np.allclose(here, self.projection):
            raise DataError(f"{path} has another camera than those before: keep cameras apart")
        kept = _first(samples.attempt, count)
        samples, self.projection = _cut(samples, kept), here
        self.attempts += len(np.unique(samples.attempt))
        self.pictures.append(_smaller(samples.images, self.side_px))
        self.truths.append(None if truth is None else _some(truth, kept))
        self.parts.append(samples)

    def data(self) -> DomainData:
        """Return all of it."""
        held = held_out_attempts(np.concatenate([part.attempt for part in self.parts]))
        rows = Rows(
            self._stacked("grasp_pose"),
            self._stacked("tool_pose"),
            self._stacked("success"),
            torch.tensor(self.projection, dtype=torch.float32),
        )
        truths = [truth for truth in self.truths if truth is not None]
        return DomainData(
            torch.cat(self.pictures),
            rows,
            np.flatnonzero(~held),
            np.flatnonzero(held),
            self.attempts,
            self.left_out,
            _together(truths) if len(truths) == len(self.truths) else None,
        )

    def _stacked(self, name: str) -> Tensor:
        return torch.tensor(np.concatenate([getattr(part, name) for part in self.parts])).float()


def _together(truths: list[Truth]) -> Truth:
    return Truth(
        torch.cat([truth.canonical for truth in truths]),
        torch.cat([truth.mask for truth in truths]),
        torch.cat([truth.depth_m for truth in truths]),
    )


def _first(attempt: IntArray, count: int) -> IntArray:
    """Return some frames each of the first ``count`` attempts of a shard, 0 for all."""
    numbers = attempt[np.sort(np.unique(attempt, return_index=True)[1])]
    chosen = np.isin(attempt, numbers[: count or None])
    return np.flatnonzero(chosen & some_of_each(attempt))


def _cut(samples: Samples, kept: IntArray) -> Samples:
    return Samples(
        samples.images[kept],
        samples.tool_pose[kept],
        samples.grasp_pose[kept],
        samples.success[kept],
        samples.attempt[kept],
        samples.tiny[kept],
    )


def _some(truth: Truth, kept: IntArray) -> Truth:
    return Truth(truth.canonical[kept], truth.mask[kept], truth.depth_m[kept])


def _truth(path: Path, side_px: int) -> Truth | None:
    beside = pair_shards.beside(path)
    if not beside.exists():
        return None
    found = pair_shards.read(beside)
    step = HALF_PX // side_px
    # The middle of the pixels that a mean is taken of.
    chosen = slice(step // 2, None, step)
    return Truth(
        _smaller(found.canonical, side_px),
        torch.from_numpy(found.mask[:, chosen, chosen].copy()),
        torch.from_numpy(found.depth_m[:, chosen, chosen].astype(np.float32)),
    )


def _smaller(images: npt.NDArray[np.uint8], side_px: int) -> Tensor:
    """Return pictures (n, 236, 236, 3) as (n, 3, S, S), by means as `preprocess.picture`."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
    factor = images.shape[1] // side_px
    if factor == 1:
        return pixels.contiguous()
    chunks = [functional.avg_pool2d(c.float(), factor).round() for c in pixels.split(64)]
    return torch.cat(chunks).to(torch.uint8) if chunks else pixels[:, :, ::factor, ::factor]
