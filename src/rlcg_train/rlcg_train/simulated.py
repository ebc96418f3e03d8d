# SPDX-License-Identifier: Apache-2.0
"""Frames of simulated grasp attempts on training scenes, for stored frames and episodes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from rlcg_core import seeds
from rlcg_core.errors import WorldError
from rlcg_core.robots import ROBOTS, Robot
from rlcg_core.rule import RuleMemory
from rlcg_core.types import Observation
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_sim.renderer import draw_with_one_thread
from rlcg_train import scripted
from rlcg_train.rollout import FloatArray, run_attempt
from rlcg_train.seen_frame import SeenFrame

# Scenes of stored frames and of episodes: training's own range, far above what collection and
# validation use.
FIRST_STORED, FIRST_RECORDED = 2**39, 2**39 + 2**30
LAST_LOOK = 8

Looks = Callable[[np.random.Generator], Callable[[int], bool]]


def one_look(rng: np.random.Generator) -> Callable[[int], bool]:
    """Look at one servo step of an attempt, drawn anew for each."""
    step_seen = int(rng.integers(0, LAST_LOOK))
    return lambda step: step == step_seen


def all_looks(rng: np.random.Generator) -> Callable[[int], bool]:
    """Look at every servo step."""
    return lambda step: True


class Simulated:
    """Attempts of the scripted policy in one world; the same number gives the same frames.

    ``kind``: what its frames are of, for `source`.
    """

    kind = "scripted attempts"

    def __init__(self, urdf: Path, renderer: str = "auto", robot: Robot = ROBOTS["robot1"]) -> None:
        """``renderer``: auto, egl or tiny. Raises `WorldError` if it does not load."""
        draw_with_one_thread()
        self._world = PyBulletWorld(robot.cell, urdf, renderer=renderer)
        self._stepper = CellStepper(self._world)
        self._rule, self._objects = robot.rule, robot.train_objects

    @property
    def source(self) -> str:
        """Where the frames come from."""
        drawn = f"renderer {self._world.renderer}, objects {self._objects}"
        return f"simulator, {drawn}, {self.kind}"

    def attempt(self, index: int, looks: Looks = all_looks) -> list[SeenFrame]:
        """Return the frames of training attempt ``index``, none if the attempt ended before."""
        seed = seeds.training_seed(index)
        rng = np.random.default_rng([seed, 3])
        try:
            self._world.reset(seed, self._objects)
        except WorldError:
            return []  # a bin that never settles is no scene
        return self._play(rng, looks)

    def _play(self, rng: np.random.Generator, looks: Looks) -> list[SeenFrame]:
        """Let the script act in the scene that was set up; return what it saw where it looked."""
        goal = scripted.draw_goal(
            self._world, rng, scripted.ScriptedMix(), self._rule.grasp_height_m
        )
        look, seen = looks(rng), list[SeenFrame]()

        def choose(observation: Observation, memory: RuleMemory) -> FloatArray:
            # Where nobody looks, the stepper gives a black picture.
            if observation.image_hwc.any():
                seen.append(SeenFrame.of(observation))
            return goal

        run_attempt(self._world, self._stepper, choose, self._rule, look)
        return seen

    def frames(self, count: int, seed: int) -> list[SeenFrame]:
        """Return ``count`` frames, each of another attempt at another moment."""
        found: list[SeenFrame] = []
        for frame in self._moments(FIRST_STORED + seed * seeds.GRASPS_PER_SEED):
            found.append(frame)
            if len(found) == count:
                break
        return found

    def _moments(self, first: int) -> Iterator[SeenFrame]:
        for index in range(first, first + seeds.GRASPS_PER_SEED):
            yield from self.attempt(index, one_look)

    def close(self) -> None:
        """Release the world."""
        self._world.close()
