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

from rlcg_core import spec, strict_json
from rlcg_core.errors import BundleError, DataError
from rlcg_core.reasons import Outcome
from rlcg_train import episodes
from rlcg_train.seen_frame import SeenFrame

FloatArray = npt.NDArray[np.float64]

DECISIONS = "decisions.json"


@dataclass(frozen=True)
class Decided:
    """What was done at one instant: the spec's action (8,), and in which phase of what rule.

    The reward is 1 with the last step of a success, else 0, null where nobody judged. What a
    network told beside is null and empty without one.
    """

    action: tuple[float, ...]
    stamp_s: float
    q_value: float | None
    cem_mean: tuple[float, ...]
    cem_std: tuple[float, ...]
    phase: str
    reward: float | None
    done: bool


@dataclass(frozen=True)
class Decisions:
    """All of ``decisions.json``; ``judge`` told the outcome, ``about`` holds what else is known."""

    outcome: str
    judge: str
    about: dict[str, str]
    decisions: tuple[Decided, ...]


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
    told = Decisions(episode.outcome.name, episode.judge, episode.about, episode.decisions)
    strict_json.write(told, part / DECISIONS)
    os.replace(part, folder)


def read(folder: Path) -> LoggedEpisode:
    """Return one episode; raises `DataError` for a broken one or one of another spec."""
    source, frames = episodes.read(folder)
    try:
        told: Decisions = strict_json.read(Decisions, folder / DECISIONS)
    except BundleError as error:
        raise DataError(f"{error}; or leave this episode out") from error
    if len(told.decisions) != len(frames) or not frames:
        raise DataError(
            f"{folder} has {len(frames)} frames and {len(told.decisions)} decisions, expected as "
            "many of both and at least one: leave it out"
        )
    if told.outcome not in Outcome.__members__:
        raise DataError(f"{folder / DECISIONS}: outcome is {told.outcome!r}, expected a known one")
    _check_actions(folder, told)
    outcome = Outcome[told.outcome]
    return LoggedEpisode(source, tuple(frames), told.decisions, outcome, told.judge, told.about)


def _check_actions(folder: Path, told: Decisions) -> None:
    for number, one in enumerate(told.decisions):
        if len(one.action) != spec.ACTION_DIM:
            raise DataError(
                f"{folder / DECISIONS}: action {number} has {len(one.action)} numbers, expected "
                f"{spec.ACTION_DIM}: leave this episode out"
            )
