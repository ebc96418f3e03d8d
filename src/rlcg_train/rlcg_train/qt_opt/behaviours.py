# SPDX-License-Identifier: Apache-2.0
"""The policies that collect: the scripted one, and the learned one with its exploration."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from rlcg_core.errors import ConfigError
from rlcg_core.rule import RuleMemory, RuleParameters
from rlcg_core.types import Observation
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_train.cem_module import CemModule
from rlcg_train.checkpoints import learned_cycles, load
from rlcg_train.exact_form import scorer_of
from rlcg_train.explore import TorchPolicy
from rlcg_train.qt_opt.choice import Choice, Command, give, move, pose_of
from rlcg_train.qt_opt.episode import Behaviour
from rlcg_train.qt_opt.q_function import QFunction
from rlcg_train.qt_opt.ramp import Ramp
from rlcg_train.qt_opt.scripted_behaviour import (
    GoalSource,
    ScriptedBehaviour,
    random_choice,
    scripted_goal,
)

FloatArray = npt.NDArray[np.float64]

GOAL_NOISE = (0.006, 0.006, 0.15)


@dataclass(frozen=True)
class BehaviourSettings:
    """Who acts. ``kind``: scripted or policy.

    ``checkpoint``: of the policy, read again whenever it changes; for the scripted one, a
    grasp-success predictor whose goals it follows in ``predictor_share`` of its attempts.
    ``random_share``: of the policy's steps, by the learner's cycle (Q2-Opt's epsilon of 0.2, less
    later); ``noisy_share``: of its episodes, in which all moves are off by the same amount.
    """

    kind: str
    checkpoint: Path | None = None
    predictor_share: float = 0.5
    random_share: Ramp = Ramp(0.2, 0.05, 0, 100)  # noqa: RUF009 it cannot be changed
    noisy_share: float = 0.2
    samples: int = 64
    iterations: int = 2


def make(settings: BehaviourSettings) -> Behaviour:
    """Return the behaviour; raises `ConfigError` for an unknown kind."""
    if settings.kind == "scripted":
        return ScriptedBehaviour(_mixed_goals(settings) if settings.checkpoint else scripted_goal)
    if settings.kind == "policy" and settings.checkpoint is not None:
        return PolicyBehaviour(settings)
    raise ConfigError(
        f"behaviour {settings.kind!r}: expected scripted, or policy with a checkpoint"
    )


def _mixed_goals(settings: BehaviourSettings) -> GoalSource:
    """Return goals of the predictor, blurred in every other attempt, mixed with scripted ones."""
    assert settings.checkpoint is not None
    rule = RuleParameters()
    policy = TorchPolicy(settings.checkpoint, rule, 32, 3)

    def goal(
        world: PyBulletWorld, observation: Observation, rng: np.random.Generator
    ) -> FloatArray:
        if rng.random() > settings.predictor_share:
            return scripted_goal(world, observation, rng)
        found = policy.goal(observation, RuleMemory(), rng)
        blur = np.array(GOAL_NOISE) * rng.normal(size=3) * (rng.random() < 0.5)
        return np.asarray(found + blur)

    return goal


class PolicyBehaviour:
    """The freshest Q-function's choice by CEM, as served, with exploration on top."""

    def __init__(self, settings: BehaviourSettings) -> None:
        torch.set_num_threads(1)
        self._settings = settings
        self._read_at_ns = 0

    def begin(self, world: PyBulletWorld, rng: np.random.Generator) -> None:
        """Take fresher weights if there are any; draw the episode's offset."""
        self._freshen()
        self._rng = rng
        noisy = rng.random() < self._settings.noisy_share
        self._offset = np.zeros(4)
        if noisy:
            self._offset[[0, 1, 3]] = np.array(GOAL_NOISE) * rng.normal(size=3)

    def _freshen(self) -> None:
        path = self._settings.checkpoint
        assert path is not None
        changed_ns = path.stat().st_mtime_ns
        if changed_ns == self._read_at_ns:
            return
        profile, network = load(path)
        self._cycle = learned_cycles(path)
        cem = profile.cem(self._settings.samples, self._settings.iterations)
        if not isinstance(network, QFunction):
            raise ConfigError(
                f"{path} is of profile {profile.name}: it does not choose all actions"
            )
        self._profile, self._space = profile, network.space
        self._module = CemModule(scorer_of(network), cem)
        self._read_at_ns = changed_ns

    def choose(self, observation: Observation) -> Choice:
        """Return the best choice found, or a random one."""
        if self._rng.random() < self._settings.random_share.at(self._cycle):
            return random_choice(observation, self._rng)
        chosen: Choice = self.greedy(observation)
        return chosen

    @torch.no_grad()
    def greedy(self, observation: Observation) -> Choice:
        """Return the best choice found, moves with the episode's offset."""
        action, sample, _, _, _ = self._module(*self._inputs(observation))
        given = np.flatnonzero(action.numpy()[5:] > 0.5)
        if len(given):
            return give(Command(int(given[0]) + 1), observation)
        pose = torch.tensor(pose_of(observation), dtype=torch.float32)
        target = self._space.to_target(sample, pose).numpy().astype(np.float64)
        return move(target + self._offset)

    def _inputs(self, observation: Observation) -> list[torch.Tensor]:
        """Return what the module takes, in its order."""
        tool, module = observation.tool_pose, self._module
        values: dict[str, npt.ArrayLike] = {
            "state": [float(observation.gripper_closed), observation.height_above_tray_m],
            "tool_pose": [*tool.position_m, tool.yaw_rad],
            "projection": observation.projection_base_to_px,
            "cem_mean0": self._profile.start.mean0,
            "cem_std0": self._profile.start.std0,
            "noise": self._rng.standard_normal(module.cem.noise_shape),
        }
        rest = [
            torch.tensor(np.asarray(values[name], np.float32)) for name in module.input_names[1:]
        ]
        return [torch.from_numpy(observation.image_hwc), *rest]
