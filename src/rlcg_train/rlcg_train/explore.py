# SPDX-License-Identifier: Apache-2.0
"""Goals of the learned policy while it collects: its CEM answer, sometimes blurred."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from rlcg_core.cell import ROBOT1
from rlcg_core.cem import CemSettings, Variable
from rlcg_core.manifest import CemStart
from rlcg_core.rule import RuleMemory, RuleParameters, cem_start
from rlcg_core.types import Observation
from rlcg_train.cem_module import CemModule
from rlcg_train.fit import load_network
from rlcg_train.rollout import GoalChooser

FloatArray = npt.NDArray[np.float64]

EDGE_M = 0.02
NOISE = (0.012, 0.012, 0.3)


def default_cem(samples: int = 64, iterations: int = 3) -> CemSettings:
    """Return the search over goals x, y [m] and yaw [rad] inside the bin: QT-Opt's 64 and 6."""
    (cx, cy), (sx, sy) = ROBOT1.bin.centre_xy_m, ROBOT1.bin.inner_size_xy_m
    half_x, half_y = sx / 2 - EDGE_M, sy / 2 - EDGE_M
    return CemSettings(
        variables=(
            Variable("goal_x", "m", cx - half_x, cx + half_x),
            Variable("goal_y", "m", cy - half_y, cy + half_y),
            Variable("goal_yaw", "rad", -np.pi, np.pi),
        ),
        samples=samples,
        elites=6,
        iterations=iterations,
        std_floor=(0.004, 0.004, 0.05),
        answer="best_ever",
    )


def default_start() -> CemStart:
    """Return the global start of the search: the bin's middle, a spread that fills it."""
    cx, cy = ROBOT1.bin.centre_xy_m
    return CemStart(mean0=(cx, cy, 0.0), std0=(0.085, 0.105, 1.2))


class TorchPolicy:
    """Chooses goals with a network and CEM in torch; one thread, private random numbers."""

    def __init__(
        self, checkpoint: Path, rule: RuleParameters, cem: CemSettings, start: CemStart
    ) -> None:
        torch.set_num_threads(1)
        self.module = CemModule(load_network(checkpoint), cem)
        self.rule, self.cem, self.start = rule, cem, start
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
        _POLICIES[checkpoint] = TorchPolicy(Path(checkpoint), rule, default_cem(), default_start())
    policy = _POLICIES[checkpoint]
    exploring = rng.random() < explore_share
    offset = np.array(NOISE) * rng.normal(size=3) if exploring else np.zeros(3)

    def choose(observation: Observation, memory: RuleMemory) -> FloatArray:
        return np.asarray(policy.goal(observation, memory, rng) + offset)

    return choose
