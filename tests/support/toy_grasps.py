# SPDX-License-Identifier: Apache-2.0
"""Episodes without a simulator: a grasp succeeds if and only if it closes on a bright disc."""

from pathlib import Path

import numpy as np

from rlcg_core import spec
from rlcg_core.camera import project
from rlcg_core.cell import ROBOT1
from rlcg_core.types import Action
from rlcg_train.qt_opt.choice import STEP_BOUND, Command
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.log_format import STEP, End, ImageArray, LogDescription, StepArray
from rlcg_train.qt_opt.patch_q import PatchQNetwork, PatchQSettings
from rlcg_train.qt_opt_network import QtOptSettings

SIDE = 236
PROJECTION = ROBOT1.camera.projection_base_to_px()
DESCRIPTION = LogDescription(
    SIDE, tuple(PROJECTION.astype(np.float32).ravel().tolist()), "drawn", "toy"
)
SMALL = PatchQSettings(widths=(8, 12, 12), hidden=32)
TINY_PAPER = QtOptSettings(
    channels=8, tower_convolutions=2, merged_convolutions=2, context=16, dense=16
)


def small_network() -> PatchQNetwork:
    return PatchQNetwork(SMALL)


def _picture(disc_xy: np.ndarray, tool: np.ndarray, holding: bool) -> ImageArray:
    """Draw the disc on the tray, or at the tool if it is held, as the half-size crop."""
    place = np.array([*tool[:3]]) if holding else np.array([*disc_xy, 0.012])
    column, row = project(PROJECTION, place[None])[0]
    column, row = (column - spec.CROP_LEFT_PX) / 2, (row - spec.CROP_TOP_PX) / 2
    rows, columns = np.mgrid[:SIDE, :SIDE]
    image = np.full((SIDE, SIDE, 3), 60, np.uint8)
    image[np.hypot(rows - row, columns - column) < 7] = 230
    return image


def toy_episode(seed: int) -> tuple[ImageArray, StepArray, bool]:
    """Go somewhere, close, lift, end; half of the time where the disc is."""
    rng = np.random.default_rng(seed)
    disc = np.array([rng.uniform(0.5, 0.64), rng.uniform(-0.1, 0.1)])
    success = bool(rng.random() < 0.5)
    angle = rng.uniform(-np.pi, np.pi)
    goal = disc + (0.0 if success else 0.06) * np.array([np.cos(angle), np.sin(angle)])
    target = np.array([*goal, 0.012, 0.0])
    pose, closed = np.array([0.57, 0.0, 0.13, 0.0]), False
    pictures, steps = [], []
    while True:
        holding = closed and success
        command = Command.MOVE
        wanted = target
        if closed:
            wanted = np.array([*target[:2], 0.13, 0.0])
            command = Command.TERMINATE if pose[2] > 0.12 else Command.MOVE
        elif np.allclose(pose, target, atol=1e-6):
            command = Command.CLOSE
        move = np.clip(wanted - pose, -STEP_BOUND, STEP_BOUND)
        action = Action(move[:3] if command is Command.MOVE else np.zeros(3))
        step = np.zeros((), STEP)
        step["tool"], step["state"] = pose, [closed, pose[2]]
        step["action"], step["target"] = action.to_array(), wanted
        step["command"], step["held"] = command, holding and pose[2] > 0.1
        if command is Command.TERMINATE:
            step["end"], step["reward"] = End.TERMINAL, float(success)
        pictures.append(_picture(disc, pose, holding))
        steps.append(step)
        if command is Command.TERMINATE:
            return np.stack(pictures), np.array(steps, STEP), success
        pose = pose + (move if command is Command.MOVE else 0.0)
        closed = closed or command is Command.CLOSE


def write_toy_store(folder: Path, episodes: int, first: int = 0) -> None:
    """Write a source of one log."""
    with EpisodeWriter(folder / "actor_0", DESCRIPTION) as log:
        for number in range(first, first + episodes):
            pictures, steps, success = toy_episode(number)
            log.append(pictures, steps, number, success)
