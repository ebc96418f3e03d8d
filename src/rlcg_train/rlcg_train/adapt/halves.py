# SPDX-License-Identifier: Apache-2.0
"""Half a batch from each domain, and where it comes from."""

from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from rlcg_train import augment
from rlcg_train.adapt.domain import DomainData, Rows
from rlcg_train.device import PLAIN, Compute

RowsT = TypeVar("RowsT")


@dataclass(frozen=True)
class Half(Generic[RowsT]):
    """Pictures (B, 3, S, S) in [-1, 1] of one domain and what was done there.

    ``next_picture``: of the next states, where the task's targets need them. ``index`` (B,): the
    frames, for what else is known of them.
    """

    picture: Tensor
    rows: RowsT
    next_picture: Tensor | None
    index: Tensor


class HalfSource(Protocol[RowsT]):
    """Draws from one domain."""

    def draw(self, count: int, rng: np.random.Generator) -> Half[RowsT]:
        """Return frames to train on; raises `DataError` where there are too few."""

    def held_out(self, count: int) -> Half[RowsT]:
        """Return frames of attempts that are never trained on, always the same."""

    def shown(self, count: int) -> Tensor:
        """Return pictures (n, 3, S, S) to look at, always the same."""


class GoalHalves:
    """A `HalfSource` of grasps; goals are blurred a little when trained on."""

    def __init__(self, data: DomainData, compute: Compute = PLAIN) -> None:
        """``compute``: on whose device the data lies, and whose share of a batch is drawn."""
        self.data, self._compute = data, compute

    def draw(self, count: int, rng: np.random.Generator) -> Half[Rows]:
        """Return this process's share of ``count`` training frames."""
        whole = self.data.draw(count, rng)
        # Blurred before it is shared, so that all processes together see what one would.
        goal = self._compute.share(augment.jitter_goal(self.data.rows.goal[whole]))
        index = self._compute.share(whole)
        picture, rows = self.data.pick(index)
        return Half(picture, replace(rows, goal=goal), None, index)

    def held_out(self, count: int) -> Half[Rows]:
        """Return frames that were held out, spread over all of them."""
        index = torch.from_numpy(_spread(self.data.held_out, count))
        return Half(*self.data.pick(index), None, index)

    def shown(self, count: int) -> Tensor:
        """Return pictures of the first training frames, spread."""
        return self.data.pick(torch.from_numpy(_spread(self.data.train, count)))[0]


def _spread(frames: np.ndarray, count: int) -> np.ndarray:
    """Return up to ``count`` of the frames, evenly spread."""
    places = np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int)
    return np.asarray(frames[places], np.int64)
