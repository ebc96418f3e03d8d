# SPDX-License-Identifier: Apache-2.0
"""Shards for the grasp-success predictor out of logged episodes, the lab's or a robot's.

Each picture before the jaw first closes is paired with the pose where it closed, as in `collect`.
An episode that cannot be used is skipped and named; a rerun goes on where it stopped.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from rlcg_core import spec
from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_train import episodes, logged
from rlcg_train.collect import ATTEMPTS_PER_SHARD
from rlcg_train.logged import LoggedEpisode
from rlcg_train.rollout import Attempt, Frame
from rlcg_train.shards import write_shard

FloatArray = npt.NDArray[np.float64]

CLOSE = spec.ACTION_NAMES.index("close")
RENDERER = "logged"


def make_shards(folders: list[Path], out: Path, at_most: int = 0) -> dict[str, str]:
    """Write shards of the episodes; return why each of those left out was, by its folder.

    ``at_most``: so many episodes in the order of their names, 0 for all. A shard that is there is
    not looked at again: while a log still grows, ask for whole shards of `ATTEMPTS_PER_SHARD`.
    Raises `DataError` if no episode is there at all.
    """
    found = episodes.find(folders)[: at_most or None]
    out.mkdir(parents=True, exist_ok=True)
    skipped: dict[str, str] = {}
    for start in tqdm(range(0, len(found), ATTEMPTS_PER_SHARD), desc=out.name, unit="shard"):
        path = out / f"{start // ATTEMPTS_PER_SHARD:05d}.npz"
        if not path.exists():
            _one_shard(found[start : start + ATTEMPTS_PER_SHARD], start, path, skipped)
    return skipped


def _one_shard(found: list[Path], start: int, path: Path, skipped: dict[str, str]) -> None:
    attempts: dict[int, Attempt] = {}
    projection = np.zeros(0)
    for number, folder in enumerate(found, start):
        try:
            episode = logged.read(folder)
            here = episode.frames[0].projection
            if len(projection) and not np.allclose(here, projection):
                raise DataError(f"{folder} has another camera: keep cameras apart")
            attempts[number], projection = as_attempt(episode, folder), here
        except DataError as error:
            skipped[folder.name] = str(error)
    if attempts:
        write_shard(path, attempts, RENDERER, projection)


def as_attempt(episode: LoggedEpisode, folder: Path) -> Attempt:
    """Return an episode as an attempt; raises `DataError` where nobody judged or none closed."""
    if episode.outcome not in (Outcome.SUCCESS, Outcome.FAILURE):
        raise DataError(f"{folder} was not judged ({episode.outcome.name.lower()}): leave it out")
    closes = np.flatnonzero(episode.actions[:, CLOSE] > 0.5)
    if not len(closes):
        raise DataError(f"{folder} never closes the jaw: leave it out")
    first = int(closes[0])
    frames = tuple(Frame(f.image_hwc, f.tool_pose) for f in episode.frames[:first])
    if not frames:
        raise DataError(f"{folder} closes the jaw in its first step: leave it out")
    grasp_pose = episode.frames[first].tool_pose[[0, 1, 3]]
    return Attempt(frames, grasp_pose, episode.outcome, len(episode.frames))
