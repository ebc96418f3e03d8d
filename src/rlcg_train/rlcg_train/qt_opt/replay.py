# SPDX-License-Identifier: Apache-2.0
"""The replay store: all logs of some sources, mapped into memory, growing while actors write."""

import zlib
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
        self.broken: list[StoredEpisode] = []
        self.steps: StepArray = np.zeros(0, STEP)
        self.pictures: ImageArray = np.zeros((0, 1, 1, 3), np.uint8)

    def refresh(self) -> None:
        """Map all that is committed; raises `DataError` where a file is shorter than that.

        An episode whose steps are not what was written goes to ``broken``.
        """
        found, known = log_format.read_journal(self.folder), len(self.episodes) + len(self.broken)
        if len(found) == known:
            return
        count, side = found[-1].first + found[-1].count, self.description.side_px
        self.steps = _mapped(self.folder / log_format.STEPS, STEP, (count,))
        shape = (count, side, side, 3)
        self.pictures = _mapped(self.folder / log_format.PICTURES, np.uint8, shape)
        for episode in found[known:]:
            (self.episodes if self._whole(episode) else self.broken).append(episode)

    def _whole(self, episode: StoredEpisode) -> bool:
        steps = self.steps[episode.first : episode.first + episode.count]
        return zlib.crc32(steps.tobytes()) == episode.steps_crc


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

    Some episodes, chosen by their scene's number, are held out for good. ``skipped``: why a log or
    an episode is left out, by name; a broken one does not stop a training.
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
                self._take_in(log)
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

    def _take_in(self, log: _Log) -> None:
        view = next(iter(self._logs.values())).description.view
        if log.description.view != view:
            raise DataError(
                f"{log.folder} has pictures {log.description.view}, the logs before it {view}: "
                "move it to a store of its own"
            )
        log.refresh()
        for episode in log.broken:
            name = f"{log.folder.name}, episode {episode.number}"
            self.skipped[name] = "its steps are not what was written"

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


def check_views(sources: dict[str, ReplaySource], side_px: int) -> None:
    """Raise `DataError` unless all sources with episodes have pictures of one camera and size."""
    views = {name: s.description.view for name, s in sources.items() if s.train or s.held_out}
    wanted = (side_px, next(iter(views.values()))[1]) if views else ()
    for name, view in views.items():
        if view != wanted:
            raise DataError(
                f"source {name} has pictures of side and camera {view}, expected {wanted} as the "
                "network and the other sources have: leave it out, or collect it again"
            )
