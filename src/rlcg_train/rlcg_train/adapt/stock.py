# SPDX-License-Identifier: Apache-2.0
"""What the rows of a table learn from: where its shards lie, and the last ones read."""

from dataclasses import dataclass, field
from pathlib import Path

import torch

from rlcg_train.adapt import domain_files
from rlcg_train.adapt.domain import DomainData, together
from rlcg_train.adapt.generator_plans import plan
from rlcg_train.adapt.recipes import Recipe
from rlcg_train.adapt.scales import Scale

# Data sets in memory at once, each up to a gigabyte.
KEPT = 3


@dataclass(frozen=True)
class Stock:
    """``data/LOOK`` and ``real`` under ``root``; pictures are put on ``device``.

    Everything that reads raises `DataError` where no usable shard is found.
    """

    root: Path
    scale: Scale
    device: torch.device
    _loaded: dict[str, DomainData] = field(default_factory=dict)

    def look(self, name: str) -> Path:
        """Return the folder of a look's shards."""
        return self.root / "data" / name

    @property
    def real_shards(self) -> Path:
        """Return the folder of the shards made of the log."""
        return self.root / "real" / "shards"

    def tuning_shards(self, row: Recipe) -> Path:
        """Return the folder of the shards of a row's own episodes."""
        return self.root / "real" / f"tuning_{row.tunes}" / "shards"

    def folders(self, row: Recipe, more_sim: Path | None) -> list[Path]:
        """Return the shards that a row's policy learns from, for its manifest."""
        folders = [self.look(row.look)] if row.look else []
        folders += [more_sim] if more_sim is not None else []
        folders += [self.real_shards] if row.amount is not None else []
        return folders + ([self.tuning_shards(row)] if row.tunes else [])

    def sim(self, look: str, more: Path | None = None) -> DomainData:
        """Return attempts of a look, and more of them from another folder."""
        return self._load([self.look(look), *([more] if more is not None else [])], 0)

    def real(self, amount: int) -> DomainData:
        """Return the log's first episodes, as many as an index of the scale's amounts says."""
        return self._load([self.real_shards], self.scale.amounts[amount])

    def labelled(self, row: Recipe) -> DomainData | None:
        """Return the real grasps that a policy learns from: of the log, and those it tunes on."""
        parts = [] if row.amount is None else [self.real(row.amount)]
        parts += [self._tuning(row)] if row.tunes else []
        return together(parts) if len(parts) > 1 else next(iter(parts), None)

    def real_episodes(self, row: Recipe) -> int:
        """Return how many real episodes a row has used, labelled, for its generator or to tune."""
        amounts = [] if row.amount is None else [row.amount]
        if row.generator and plan(row.generator).sees_real:
            amounts.append(plan(row.generator).amount)
        used = max((self.real(amount).episodes for amount in amounts), default=0)
        return used + (self._tuning(row).episodes if row.tunes else 0)

    def _tuning(self, row: Recipe) -> DomainData:
        return self._load([self.tuning_shards(row)], 0)

    def _load(self, folders: list[Path], episodes: int) -> DomainData:
        """Return data, kept for the next row; names what was left out."""
        key = f"{folders} {episodes}"
        if key not in self._loaded:
            while len(self._loaded) >= KEPT:
                self._loaded.pop(next(iter(self._loaded)))
            found = domain_files.load(folders, self.scale.side_px, episodes)
            for name, reason in found.left_out.items():
                print(f"left out {name}: {reason}", flush=True)
            self._loaded[key] = found.to(self.device)
        return self._loaded[key]
