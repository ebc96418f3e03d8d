# SPDX-License-Identifier: Apache-2.0
"""Goals of the learned policy while it collects: its CEM answer, sometimes blurred."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from rlcg_core.rule import RuleMemory, RuleParameters, cem_start
from rlcg_core.types import Observation
from rlcg_train.cem_module import CemModule
from rlcg_train.checkpoints import load
from rlcg_train.exact_form import scorer_of
from rlcg_train.rollout import GoalChooser

FloatArray = npt.NDArray[np.float64]

NOISE = (0.012, 0.012, 0.3)


class TorchPolicy:
    """Chooses goals with a network and CEM in torch; one thread, private random numbers."""

    def __init__(
        self, checkpoint: Path, rule: RuleParameters, samples: int = 64, iterations: int = 3
    ) -> None:
        """``samples`` and ``iterations`` of a search as the checkpoint's profile describes it."""
        torch.set_num_threads(1)
        profile, network = load(checkpoint)
        self.cem, self.start = profile.cem(samples, iterations), profile.start
        self.module = CemModule(scorer_of(network), self.cem)
        self.rule = rule
        self.last_q = float("nan")

    @torch.no_grad()
    def goal(
        self, observation: Observation, memory: RuleMemory, rng: np.random.Generator
    ) -> FloatArray:
        """Return the goal (3,) of one observation."""
        mean0, std0 = cem_start(memory, self.rule, self.start.mean0, self.start.std0)
        tool = observation.tool_pose
        _, goal, q, _, _ = self.module(
            torch.from_numpy(observation.image_hwc),
            torch.tensor([*tool.position_m, tool.yaw_rad], dtype=torch.float32),
            torch.tensor(observation.projection_base_to_px, dtype=torch.float32),
            torch.tensor(mean0, dtype=torch.float32),
            torch.tensor(std0, dtype=torch.float32),
            torch.from_numpy(rng.standard_normal(self.cem.noise_shape).astype(np.float32)),
        )
        self.last_q = float(q)
        return np.asarray(goal.numpy(), dtype=np.float64)


_POLICIES: dict[str, TorchPolicy] = {}


def on_policy_chooser(
    checkpoint: str, rule: RuleParameters, rng: np.random.Generator, explore_share: float
) -> GoalChooser:
    """Return a chooser for one attempt; in ``explore_share`` of them a constant offset is added."""
    if checkpoint not in _POLICIES:
        _POLICIES[checkpoint] = TorchPolicy(Path(checkpoint), rule)
    policy = _POLICIES[checkpoint]
    exploring = rng.random() < explore_share
    offset = np.array(NOISE) * rng.normal(size=3) if exploring else np.zeros(3)

    def choose(observation: Observation, memory: RuleMemory) -> FloatArray:
        return np.asarray(policy.goal(observation, memory, rng) + offset)

    return choose
