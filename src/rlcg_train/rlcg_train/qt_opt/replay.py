# SPDX-License-Identifier: Apache-2.0
"""The replay store: all logs of some sources, mapped into memory, growing while actors write."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlcg_core.errors import DataError
from rlcg_train.qt_opt import log_format
from rlcg_train.qt_opt.log_format import STEP, ImageArray, LogDescription, StepArray, StoredEpisode

IntArray = npt.NDArray[np.int64]
HELD_OUT_SHARE = 0.06


@dataclass(frozen=True)
class EpisodeKey:
    """An episode of a source: which log, and where in it."""

    log: int
    stored: StoredEpisode


class _Log:
    """One mapped log; `refresh` takes in what was committed since."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.description = log_format.describe(folder)
        self.episodes: list[StoredEpisode] = []
        self.steps: StepArray = np.zeros(0, STEP)
        self.pictures: ImageArray = np.zeros((0, 1, 1, 3), np.uint8)

    def refresh(self) -> None:
        """Map all that is committed; raises `DataError` where a file is shorter than that."""
        found = log_format.read_journal(self.folder)
        if len(found) == len(self.episodes):
            return
        count, side = found[-1].first + found[-1].count, self.description.side_px
        self.steps = _mapped(self.folder / log_format.STEPS, STEP, (count,))
        shape = (count, side, side, 3)
        self.pictures = _mapped(self.folder / log_format.PICTURES, np.uint8, shape)
        self.episodes = found


def _mapped(path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> Any:
    if shape[0] == 0:
        return np.zeros(shape, dtype)
    try:
        return np.memmap(path, dtype, "r", shape=shape)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} is shorter than its journal says ({error}): move its folder away"
        ) from error


class ReplaySource:
    """The episodes of one source: every log in a folder of logs.

    Some episodes, chosen by their scene's number, are held out for good. ``skipped``: why a log is
    left out, by folder; a broken one does not stop a training.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.skipped: dict[str, str] = {}
        self._logs: dict[Path, _Log] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take in new logs and episodes."""
        for path in sorted(self.folder.glob(f"*/{log_format.DESCRIPTION}")):
            folder = path.parent
            if folder.name in self.skipped:
                continue
            try:
                log = self._logs.setdefault(folder, _Log(folder))
                log.refresh()
            except DataError as error:
                self.skipped[folder.name] = str(error)
                self._logs.pop(folder, None)
        self._list = list(self._logs.values())
        keys = [
            EpisodeKey(i, stored)
            for i, log in enumerate(self._list)
            for stored in log.episodes
            if stored.count > 0
        ]
        # Newest last, whichever actor played them.
        keys.sort(key=lambda key: key.stored.number)
        self.train = [key for key in keys if not held_out(key.stored.number)]
        self.held_out = [key for key in keys if held_out(key.stored.number)]

    def __len__(self) -> int:
        return len(self.train)

    @property
    def description(self) -> LogDescription:
        """Return what the records mean; raises `DataError` if the source is empty."""
        if not self._list:
            raise DataError(f"no episodes in {self.folder}: collect some first")
        return self._list[0].description

    def steps(self, key: EpisodeKey) -> StepArray:
        """Return the steps (T,) of an episode."""
        first, count = key.stored.first, key.stored.count
        return self._list[key.log].steps[first : first + count]

    def pictures(self, key: EpisodeKey, index: npt.ArrayLike) -> Tensor:
        """Return pictures (n, side, side, 3) of an episode's steps (n,), as bytes."""
        places = key.stored.first + np.asarray(index, np.int64)
        return torch.from_numpy(self._list[key.log].pictures[places])


def held_out(number: int) -> bool:
    """Whether the episode of a scene is kept for judging, by a hash of its number."""
    return (number * 2654435761 % 2**32) / 2**32 < HELD_OUT_SHARE
