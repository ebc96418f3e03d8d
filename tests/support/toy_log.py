# SPDX-License-Identifier: Apache-2.0
"""Logged episodes of three steps, without a world: move, close, terminate."""

import numpy as np

from rlcg_core import spec
from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import Outcome
from rlcg_core.types import Action
from rlcg_train.logged import LoggedEpisode, decided
from rlcg_train.seen_frame import SeenFrame

PROJECTION = ROBOT1.camera.projection_base_to_px()
CLOSED_AT = (0.6, 0.05, 0.012, 0.3)
HIGH = (0.5, 0.0, 0.2, 0.0)


def frame(blue: int, pose: tuple[float, ...] = HIGH) -> SeenFrame:
    """Return a smooth picture, so that JPEG changes it little."""
    shape = (spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX)
    y, x = np.indices(shape)
    image = np.stack([x // 3, y // 3, np.full(shape, blue)], axis=2).astype(np.uint8)
    return SeenFrame(image, np.array([0.0, pose[2]]), np.array(pose), PROJECTION)


def toy_episode(number: int = 0, outcome: Outcome | None = None) -> LoggedEpisode:
    """Return an episode; without an outcome every second one is a success."""
    came = (Outcome.SUCCESS, Outcome.FAILURE)[number % 2] if outcome is None else outcome
    actions = (Action(np.array([0.05, 0.0, -0.05])), Action(np.zeros(3), close=True))
    steps = [decided(a.to_array(), float(i), "x") for i, a in enumerate(actions)]
    last = Action(np.zeros(3), terminate=True).to_array()
    steps.append(decided(last, 2.0, "terminate", came))
    frames = (frame(10 * number), frame(10 * number, CLOSED_AT), frame(10 * number))
    return LoggedEpisode("a test", frames, tuple(steps), came, "a person", {"policy": "none"})
