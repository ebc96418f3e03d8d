# SPDX-License-Identifier: Apache-2.0
"""Logged grasp attempts as choices whose worth is known: another off-policy source.

An attempt of `rlcg-train collect` has pictures of the approach, the pose where the jaw closed in
the end, and whether an object was held. Of each picture it is known, in hindsight, what it was
worth to go to that pose: the discounted success after the steps of the way, of closing and of
lifting. Each becomes a step that ends there, with that worth as its reward; nothing is
bootstrapped.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import DataError
from rlcg_core.types import Action
from rlcg_train.qt_opt.choice import STEP_BOUND, Command, near_yaw
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.labels import ReturnSettings
from rlcg_train.qt_opt.log_format import STEP, UNKNOWN, End, LogDescription
from rlcg_train.qt_opt.scripted_behaviour import GRASP_HEIGHT_M
from rlcg_train.shards import HALF_PX, Samples, read_shard

FloatArray = npt.NDArray[np.float64]

# Closing, and two steps up; the command to end is the last step and costs nothing.
STEPS_AFTER = 3
ATTEMPTS_TOGETHER = 8


def worth(success: FloatArray, steps: FloatArray, returns: ReturnSettings) -> FloatArray:
    """Return what a success (n,) of 0 or 1 after ``steps`` (n,) penalised steps is worth."""
    left = returns.discount**steps
    paid = returns.step_penalty * (1.0 - left) / (1.0 - returns.discount)
    return np.asarray((success * left - paid).clip(0.0))


def choices(samples: Samples, returns: ReturnSettings) -> npt.NDArray[np.void]:
    """Return a step of `STEP` for each frame of a shard."""
    tool, goal = samples.tool_pose, samples.grasp_pose
    height = tool[:, 2] - ROBOT1.bin.floor_z_m
    yaw = [near_yaw(float(g), float(t)) for g, t in zip(goal[:, 2], tool[:, 3], strict=True)]
    pose = np.stack([tool[:, 0], tool[:, 1], height, tool[:, 3]], axis=1)
    target = np.stack([goal[:, 0], goal[:, 1], np.full(len(goal), GRASP_HEIGHT_M), yaw], axis=1)
    way = np.ceil(np.abs(target - pose) / STEP_BOUND).max(axis=1) + STEPS_AFTER
    steps = np.zeros(len(goal), STEP)
    steps["tool"], steps["target"] = tool, target
    steps["state"][:, 1] = height
    steps["action"] = [_action(t, p) for t, p in zip(target, pose, strict=True)]
    steps["reward"] = worth(samples.success, way, returns)
    steps["command"], steps["held"], steps["end"] = Command.MOVE, UNKNOWN, End.TERMINAL
    return steps


def _action(target: FloatArray, pose: FloatArray) -> FloatArray:
    step = np.clip(target - pose, -STEP_BOUND, STEP_BOUND)
    return Action(step[:3], float(step[3])).to_array()


def take_in(folders: list[Path], source: Path, returns: ReturnSettings) -> int:
    """Write the shards of some folders into a source, a log each; return how many attempts.

    A folder that was taken in before is left alone. Raises `DataError` for one without shards.
    """
    count = 0
    for folder in folders:
        shards = [p for p in sorted(folder.glob("[0-9]*.npz")) if not p.stem.endswith(".part")]
        if not shards:
            raise DataError(f"no shards in {folder}: run rlcg-train collect first")
        projection = tuple(read_shard(shards[0])[1].astype(np.float32).ravel().tolist())
        description = LogDescription(HALF_PX, projection, "mixed", "attempts")
        with EpisodeWriter(source / folder.name, description) as log:
            if log.episodes:
                continue
            for number, samples, rows in _groups(shards):
                steps = choices(samples, returns)[rows]
                good = bool(samples.success[rows].any())
                log.append(samples.images[rows], steps, number, good)
                count += len(np.unique(samples.attempt[rows]))
    return count


def _groups(
    shards: list[Path],
) -> Iterator[tuple[int, Samples, npt.NDArray[np.int64]]]:
    """Yield some attempts at a time: a number, the shard's samples and their rows."""
    for path in shards:
        samples = read_shard(path)[0]
        attempts = np.unique(samples.attempt)
        for start in range(0, len(attempts), ATTEMPTS_TOGETHER):
            chosen = attempts[start : start + ATTEMPTS_TOGETHER]
            yield int(chosen[0]), samples, np.flatnonzero(np.isin(samples.attempt, chosen))
