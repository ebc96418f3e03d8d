# SPDX-License-Identifier: Apache-2.0
"""A store of made-up episodes: as large as real ones, but what they show does not matter."""

from pathlib import Path

import numpy as np

from rlcg_core.cell import ROBOT1
from rlcg_train.qt_opt.choice import TARGET_HIGH, TARGET_LOW, Command
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.log_format import STEP, End, LogDescription, StepArray

SOURCE = "scripted"
# As many as the mean of a policy's episodes: down, close, up, end.
STEPS = 10


def write(store: Path, side_px: int, episodes: int, steps: int = STEPS) -> None:
    """Write a store of one source and one log; pictures (side, side, 3) of noise."""
    projection = ROBOT1.camera.projection_base_to_px().astype(np.float32).ravel()
    description = LogDescription(side_px, tuple(projection.tolist()), "noise", SOURCE)
    with EpisodeWriter(store / SOURCE / "actor_0", description) as log:
        for number in range(episodes):
            rng = np.random.default_rng(number)
            shape = (steps, side_px, side_px, 3)
            pictures = rng.integers(0, 256, shape, np.uint8)
            success = bool(rng.random() < 0.5)
            log.append(pictures, _steps(rng, steps, success), number, success)


def _steps(rng: np.random.Generator, count: int, success: bool) -> StepArray:
    """Return an episode whose tool goes anywhere, closes in the middle and ends by itself."""
    made = np.zeros(count, STEP)
    pose = rng.uniform(TARGET_LOW, TARGET_HIGH, (count, 4))
    made["tool"], made["target"] = pose, rng.uniform(TARGET_LOW, TARGET_HIGH, (count, 4))
    made["tool"][:, 2] += ROBOT1.bin.floor_z_m
    closing = count // 2
    made["state"][:, 0], made["state"][:, 1] = np.arange(count) > closing, pose[:, 2]
    made["command"][closing], made["command"][-1] = Command.CLOSE, Command.TERMINATE
    made["end"][-1], made["reward"][-1], made["held"][-1] = End.TERMINAL, success, success
    return made
