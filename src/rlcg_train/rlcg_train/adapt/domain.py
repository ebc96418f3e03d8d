# SPDX-License-Identifier: Apache-2.0
"""One domain's pictures and grasps in memory, out of shards; real ones are made of logged episodes.

Pictures are kept as bytes at the side that the generators work at. A shard that cannot be used is
left out, counted and named. Simulated shards may have a second file of masks, depth and canonical
pictures (`rlcg_train.adapt.pair_shards`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from rlcg_core.errors import DataError
from rlcg_train.adapt import pair_shards
from rlcg_train.adapt.ranges import to_signed
from rlcg_train.dataset import held_out_attempts, some_of_each
from rlcg_train.shards import HALF_PX, Samples, read_shard

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """What only a simulator knows of its pictures, all (n, S, S) but the first.

    ``canonical`` (n, 3, S, S) uint8; ``mask``: of `rlcg_sim.looks.stage.Part`; ``depth_m``.
    """

    canonical: Tensor
    mask: Tensor
    depth_m: Tensor


@dataclass(frozen=True)
class Rows:
    """A batch of grasps: goals (B, 3), tool poses (B, 4), success (B,), projection (3, 4)."""

    goal: Tensor
    tool: Tensor
    success: Tensor
    projection: Tensor


@dataclass(frozen=True)
class DomainData:
    """Frames of attempts. ``pictures`` (n, 3, S, S) uint8; ``episodes``: how many attempts.

    ``train`` and ``held_out`` number frames; no attempt has frames in both.
    ``left_out``: why, by name of the shard.
    """

    pictures: Tensor
    rows: Rows
    train: IntArray
    held_out: IntArray
    episodes: int
    left_out: dict[str, str]
    truth: Truth | None = None

    @property
    def side_px(self) -> int:
        """Return the side of the pictures."""
        return int(self.pictures.shape[-1])

    def pick(self, index: Tensor) -> tuple[Tensor, Rows]:
        """Return pictures (B, 3, S, S) in [-1, 1] and rows of frames (B,)."""
        rows = self.rows
        chosen = Rows(rows.goal[index], rows.tool[index], rows.success[index], rows.projection)
        return to_signed(self.pictures[index]), chosen

    def draw(self, count: int, rng: np.random.Generator) -> Tensor:
        """Return ``count`` training frames, drawn with repetition; raises `DataError`."""
        if len(self.train) < count:
            raise DataError(
                f"found {len(self.train)} frames of {self.episodes} episodes to train on, expected "
                f"at least a batch of {count}: log more episodes, or make the batch smaller"
            )
        return torch.from_numpy(rng.choice(self.train, count))


def load(folders: Sequence[Path], side_px: int, episodes: int = 0) -> DomainData:
    """Read shards of some folders; the first ``episodes`` attempts only, 0 for all.

    Raises `DataError` if nothing is left or cameras differ.
    """
    if side_px < 16 or HALF_PX % side_px:
        raise DataError(f"side is {side_px} px, expected a divisor of {HALF_PX}: 118 or 236")
    paths = [path for folder in folders for path in sorted(folder.glob("[0-9]*.npz"))]
    paths = [path for path in paths if not path.name.endswith(".part.npz")]
    parts, truths, left_out = list[Samples](), list[Truth | None](), dict[str, str]()
    pictures, projection, seen = list[Tensor](), np.zeros(0), 0
    for path in paths:
        if episodes and seen >= episodes:
            break
        try:
            samples, here = read_shard(path)
            truth = _truth(path, side_px)
        except DataError as error:
            left_out[path.name] = str(error)
            continue
        if len(projection) and not np.allclose(here, projection):
            raise DataError(f"{path} has another camera than {paths[0]}: keep cameras apart")
        if not len(samples.attempt):
            continue  # all of its attempts were refused before they closed the jaw
        kept = _first(samples.attempt, episodes - seen if episodes else 0)
        samples, projection = _cut(samples, kept), here
        seen += len(np.unique(samples.attempt))
        pictures.append(_smaller(samples.images, side_px))
        truths.append(None if truth is None else _some(truth, kept))
        parts.append(samples)
    if not parts:
        raise DataError(f"no usable shard in {[str(f) for f in folders]}: {left_out or 'empty'}")
    return _joined(parts, pictures, truths, projection, seen, left_out)


def _joined(
    parts: list[Samples],
    pictures: list[Tensor],
    truths: list[Truth | None],
    projection: npt.NDArray[np.float64],
    episodes: int,
    left_out: dict[str, str],
) -> DomainData:
    def stack(name: str) -> Tensor:
        return torch.tensor(np.concatenate([getattr(p, name) for p in parts])).float()

    rows = Rows(
        stack("grasp_pose"),
        stack("tool_pose"),
        stack("success"),
        torch.tensor(projection, dtype=torch.float32),
    )
    held = held_out_attempts(np.concatenate([part.attempt for part in parts]))
    found = [truth for truth in truths if truth is not None]
    return DomainData(
        torch.cat(pictures),
        rows,
        np.flatnonzero(~held),
        np.flatnonzero(held),
        episodes,
        left_out,
        _together(found) if len(found) == len(truths) else None,
    )


def together(parts: Sequence[DomainData]) -> DomainData:
    """Return several data sets of one camera as one, in their order; truths are left behind."""
    starts = np.cumsum([0, *(len(part.pictures) for part in parts)])
    joined = {
        name: torch.cat([getattr(part.rows, name) for part in parts])
        for name in ("goal", "tool", "success")
    }
    return DomainData(
        torch.cat([part.pictures for part in parts]),
        Rows(**joined, projection=parts[0].rows.projection),
        np.concatenate([p.train + s for p, s in zip(parts, starts, strict=False)]),
        np.concatenate([p.held_out + s for p, s in zip(parts, starts, strict=False)]),
        sum(part.episodes for part in parts),
        {name: reason for part in parts for name, reason in part.left_out.items()},
    )


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
