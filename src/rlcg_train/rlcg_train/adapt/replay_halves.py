# SPDX-License-Identifier: Apache-2.0
"""Transitions of QT-Opt's replay as half a batch: the steps, the next ones, both pictures."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rlcg_core.errors import DataError
from rlcg_train.adapt.halves import Half
from rlcg_train.adapt.ranges import to_signed
from rlcg_train.adapt.td_task import Transitions
from rlcg_train.qt_opt.log_format import End
from rlcg_train.qt_opt.replay import EpisodeKey, ReplaySource

Place = tuple[EpisodeKey, int]


class ReplayHalves:
    """A `rlcg_train.adapt.halves.HalfSource` over one replay source.

    The last step of an episode is terminal; steps that were cut off have no next one and are never
    drawn. Pictures become ``side_px`` pixels wide.
    """

    def __init__(self, source: ReplaySource, side_px: int) -> None:
        self._source, self._side_px = source, side_px

    def draw(self, count: int, rng: np.random.Generator) -> Half[Transitions]:
        """Return steps of random episodes; raises `DataError` where there are none."""
        return self._half(self._places(self._source.train, count, rng))

    def held_out(self, count: int) -> Half[Transitions]:
        """Return steps of episodes that were held out, always the same."""
        return self._half(self._places(self._source.held_out, count, np.random.default_rng(0)))

    def shown(self, count: int) -> Tensor:
        """Return pictures (n, 3, S, S), always of the same episodes."""
        return self.draw(count, np.random.default_rng(0)).picture

    def _places(self, keys: list[EpisodeKey], count: int, rng: np.random.Generator) -> list[Place]:
        if not keys:
            raise DataError(f"no episodes in {self._source.folder}: collect or log more")
        found: list[Place] = []
        while len(found) < count:
            key = keys[int(rng.integers(len(keys)))]
            possible = np.flatnonzero(self._source.steps(key)["end"] != End.CUT_OFF)
            if len(possible):
                found.append((key, int(rng.choice(possible))))
        return found

    def _half(self, places: list[Place]) -> Half[Transitions]:
        now = np.concatenate([self._source.steps(key)[[i]] for key, i in places])
        last = [i == key.stored.count - 1 for key, i in places]
        after = [(key, i if end else i + 1) for (key, i), end in zip(places, last, strict=True)]
        then = np.concatenate([self._source.steps(key)[[i]] for key, i in after])
        terminal = np.array(last) | (now["end"] == End.TERMINAL)
        rows = Transitions(
            tool=torch.tensor(now["tool"]),
            state=torch.tensor(now["state"]),
            target=torch.tensor(now["target"]),
            command=torch.tensor(now["command"].astype(np.int64)),
            reward=torch.tensor(now["reward"].astype(np.float32)),
            terminal=torch.tensor(terminal.astype(np.float32)),
            success=torch.tensor([float(key.stored.success) for key, _ in places]),
            next_tool=torch.tensor(then["tool"]),
            next_state=torch.tensor(then["state"]),
            projection=torch.tensor(self._source.description.projection).reshape(3, 4),
        )
        index = torch.tensor([key.stored.first + i for key, i in places])
        return Half(self._pictures(places), rows, self._pictures(after), index)

    def _pictures(self, places: list[Place]) -> Tensor:
        pixels = torch.cat([self._source.pictures(key, [i]) for key, i in places])
        factor = pixels.shape[1] // self._side_px
        return functional.avg_pool2d(to_signed(pixels.permute(0, 3, 1, 2)), factor)
