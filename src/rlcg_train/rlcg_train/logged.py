# SPDX-License-Identifier: Apache-2.0
"""Episodes with what was done and what came of it, as a lab logs them.

A folder of `rlcg_train.episodes` with a second file, ``decisions.json``; recordings of the nodes
are converted to the same two files (`rlcg dataset`).
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rlcg_core import strict_json
from rlcg_core.episode_files import DECISIONS, Decided, DecisionsFile, read_told
from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_train import episodes
from rlcg_train.seen_frame import SeenFrame

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LoggedEpisode:
    """One episode: what was seen and done at each step, and what came of it."""

    source: str
    frames: tuple[SeenFrame, ...]
    decisions: tuple[Decided, ...]
    outcome: Outcome
    judge: str
    about: dict[str, str] = field(default_factory=dict)

    @property
    def actions(self) -> FloatArray:
        """Return the actions (steps, 8) in the order of `rlcg_core.spec`."""
        return np.array([decided.action for decided in self.decisions], np.float64)


def decided(
    action: FloatArray, stamp_s: float, phase: str, outcome: Outcome | None = None
) -> Decided:
    """Return a scripted decision; ``outcome`` only with the last of an episode."""
    reward = float(outcome is Outcome.SUCCESS)
    numbers = tuple(action.astype(float).tolist())
    return Decided(numbers, stamp_s, None, (), (), phase, reward, outcome is not None)


def write(folder: Path, episode: LoggedEpisode, jpeg_quality: int = 95) -> None:
    """Write an episode as ``folder``, which appears whole; raises `DataError`."""
    part = episodes.begin(folder)
    episodes.fill(part, episode.source, episode.frames, jpeg_quality)
    told = DecisionsFile(episode.outcome.name, episode.judge, episode.about, episode.decisions)
    strict_json.write(told, part / DECISIONS)
    os.replace(part, folder)


def read(folder: Path) -> LoggedEpisode:
    """Return one episode; raises `DataError` for a broken one or one of another spec."""
    source, frames = episodes.read(folder)
    told = read_told(folder, len(frames))
    if not frames:
        raise DataError(f"{folder} has no frames: leave it out")
    outcome = Outcome[told.outcome]
    return LoggedEpisode(source, tuple(frames), told.decisions, outcome, told.judge, told.about)
