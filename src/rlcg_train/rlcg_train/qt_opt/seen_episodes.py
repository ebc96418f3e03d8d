# SPDX-License-Identifier: Apache-2.0
"""Frames of whole episodes: approach, closing, what is held, and tries after a failure.

A model that learns the whole action decides on all of them, so its forms are calibrated and judged
on them; attempts by rule show the approach alone.
"""

from pathlib import Path

import numpy as np

from rlcg_core.robots import ROBOTS, Robot
from rlcg_core.types import Observation
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_train.qt_opt.choice import Choice
from rlcg_train.qt_opt.episode import run_episode
from rlcg_train.qt_opt.scripted_behaviour import ScriptedBehaviour
from rlcg_train.seen_frame import SeenFrame
from rlcg_train.simulated import Looks, Simulated


class SeenEpisodes(Simulated):
    """Episodes of the script that fills QT-Opt's store, mistakes included."""

    kind = "scripted episodes"

    def __init__(self, urdf: Path, renderer: str = "auto", robot: Robot = ROBOTS["robot1"]) -> None:
        super().__init__(urdf, renderer, robot)
        self._script = _Noting()

    def _play(self, rng: np.random.Generator, looks: Looks) -> list[SeenFrame]:
        look = looks(rng)
        run_episode(self._world, self._script, rng, side_px=1)
        return [frame for step, frame in enumerate(self._script.seen) if look(step)]


class _Noting(ScriptedBehaviour):
    """Notes what it sees at each step of an episode."""

    def begin(self, world: PyBulletWorld, rng: np.random.Generator) -> None:
        """Begin with nothing seen."""
        super().begin(world, rng)
        self.seen: list[SeenFrame] = []

    def choose(self, observation: Observation) -> Choice:
        """Return the script's choice."""
        self.seen.append(SeenFrame.of(observation))
        return super().choose(observation)
