# SPDX-License-Identifier: Apache-2.0
"""One domain's pictures and grasps in memory, out of shards; real ones are made of logged episodes.

Pictures are kept as bytes at the side that the generators work at; `domain_files` reads them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlcg_core.errors import DataError
from rlcg_train.adapt.ranges import to_signed

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """What only a simulator knows of its pictures, all (n, S, S) but the first.

    ``canonical`` (n, 3, S, S) uint8; ``mask``: of `rlcg_sim.looks.stage.Part`; ``depth_m``.
    """

    canonical: Tensor
    mask: Tensor
    depth_m: Tensor

    def to(self, device: torch.device) -> "Truth":
        """Return the same on a device."""
        return Truth(self.canonical.to(device), self.mask.to(device), self.depth_m.to(device))


@dataclass(frozen=True)
class Rows:
    """A batch of grasps: goals (B, 3), tool poses (B, 4), success (B,), projection (3, 4)."""

    goal: Tensor
    tool: Tensor
    success: Tensor
    projection: Tensor

    def to(self, device: torch.device) -> "Rows":
        """Return the same on a device."""
        moved = (t.to(device) for t in (self.goal, self.tool, self.success, self.projection))
        return Rows(*moved)


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

    def to(self, device: torch.device) -> "DomainData":
        """Return the same on a device; what numbers frames stays where numpy is."""
        truth = None if self.truth is None else self.truth.to(device)
        return replace(
            self, pictures=self.pictures.to(device), rows=self.rows.to(device), truth=truth
        )

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
