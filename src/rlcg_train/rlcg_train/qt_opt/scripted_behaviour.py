# SPDX-License-Identifier: Apache-2.0
"""The scripted policy that fills the off-policy store: a grasping rule with many kinds of mistakes.

Each episode draws a style: how straight it descends, how low it closes, how high it lifts. On the
way it closes too early, forgets to close, ends too soon, or does something random; after a grasp
that failed it mostly opens and tries again. Without its failures a Q-function never sees what they
are worth. It reads the simulator's state, so it only collects and is never served.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.reasons import Outcome
from rlcg_core.types import Observation
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_train import scripted
from rlcg_train.qt_opt.choice import (
    TARGET_HIGH,
    TARGET_LOW,
    Choice,
    Command,
    give,
    move,
    near_yaw,
    pose_of,
)

FloatArray = npt.NDArray[np.float64]

GRASP_HEIGHT_M = 0.012
GoalSource = Callable[[PyBulletWorld, Observation, np.random.Generator], FloatArray]


@dataclass(frozen=True)
class Mistakes:
    """Probabilities per step (or per occasion) of what goes wrong on purpose."""

    random_choice: float = 0.08
    early_close: float = 0.03
    late_close: float = 0.2
    forgotten_close: float = 0.06
    early_end: float = 0.02
    given_up: float = 0.3


@dataclass(frozen=True)
class Style:
    """How an episode is played. Heights of the tool above the tray [m]."""

    align_m: float
    grasp_m: float
    lift_m: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Style":
        """Return a style: mostly straight down to the right height."""
        low = GRASP_HEIGHT_M if rng.random() < 0.85 else rng.uniform(0.012, 0.06)
        align = 0.0 if rng.random() < 0.5 else rng.uniform(0.05, 0.12)
        return cls(float(align), float(low), float(rng.uniform(0.10, 0.18)))


def scripted_goal(
    world: PyBulletWorld, observation: Observation, rng: np.random.Generator
) -> FloatArray:
    """Return a goal (3,) of the scripted mix: the expert's blurred, near objects, anywhere."""
    return scripted.draw_goal(world, rng, scripted.ScriptedMix(), GRASP_HEIGHT_M)


class ScriptedBehaviour:
    """Plays the rule with mistakes; ``goal`` says where to grasp."""

    def __init__(self, goal: GoalSource = scripted_goal, mistakes: Mistakes | None = None) -> None:
        self._goal_source, self._mistakes = goal, mistakes or Mistakes()

    def begin(self, world: PyBulletWorld, rng: np.random.Generator) -> None:
        """Draw the episode's style."""
        self._world, self._rng = world, rng
        self._style = Style.draw(rng)
        self._goal: FloatArray | None = None
        self._before_m, self._stalled = np.inf, 0

    def choose(self, observation: Observation) -> Choice:
        """Return the rule's choice, or a mistake."""
        chance = self._rng.random()
        if chance < self._mistakes.random_choice:
            return random_choice(observation, self._rng)
        if chance > 1.0 - self._mistakes.early_end:
            return give(Command.TERMINATE, observation, explored=True)
        if observation.gripper_closed:
            return self._when_closed(observation)
        return self._when_open(observation)

    def _when_open(self, observation: Observation) -> Choice:
        here, style = pose_of(observation), self._style
        if self._goal is None:
            found = self._goal_source(self._world, observation, self._rng)
            self._goal = np.array([*found[:2], near_yaw(float(found[2]), here[3])])
            self._before_m, self._stalled = np.inf, 0
        if self._rng.random() < self._mistakes.early_close:
            return give(Command.CLOSE, observation, explored=True)
        target = np.array([*self._goal[:2], style.grasp_m, self._goal[2]])
        aligned = np.hypot(*(target - here)[:2]) < 0.015 and abs(target[3] - here[3]) < 0.15
        if aligned and (here[2] < style.grasp_m + 0.004 or self._stuck(here[2])):
            return self._at_goal(observation, target)
        if not aligned:
            target[2] = max(target[2], style.align_m)
        return move(target)

    def _at_goal(self, observation: Observation, target: FloatArray) -> Choice:
        chance = self._rng.random()
        if chance < self._mistakes.late_close:
            return move(target)
        if chance > 1.0 - self._mistakes.forgotten_close:
            self._goal = None
            return move([*target[:2], self._style.lift_m, target[3]], explored=True)
        return give(Command.CLOSE, observation)

    def _stuck(self, height_m: float) -> bool:
        """Whether the tool stands on something: two steps down without progress."""
        self._stalled = 0 if height_m < self._before_m - 0.003 else self._stalled + 1
        self._before_m = min(self._before_m, height_m)
        return self._stalled >= 2

    def _when_closed(self, observation: Observation) -> Choice:
        here = pose_of(observation)
        self._goal = None
        if here[2] < self._style.lift_m - 0.01:
            return move([*here[:2], self._style.lift_m, here[3]])
        held = self._world.outcome() == Outcome.SUCCESS
        if held or self._rng.random() < self._mistakes.given_up:
            return give(Command.TERMINATE, observation)
        return give(Command.OPEN, observation)


def random_choice(observation: Observation, rng: np.random.Generator) -> Choice:
    """Return any choice: mostly a move nearby, else a command; never the end."""
    here = pose_of(observation)
    kind = rng.random()
    if kind < 0.15:
        return give(Command.CLOSE, observation, explored=True)
    if kind < 0.25:
        return give(Command.OPEN, observation, explored=True)
    target = here + rng.uniform(-1, 1, size=4) * (0.08, 0.08, 0.08, 0.6)
    if kind < 0.4:
        target = rng.uniform(TARGET_LOW, TARGET_HIGH)
    return move(target, explored=True)
