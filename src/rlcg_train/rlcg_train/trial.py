# SPDX-License-Identifier: Apache-2.0
"""Measure a policy or the scripted expert in the simulator, without ROS, in parallel.

For choosing between models; the published number comes from the nodes instead.
"""

import multiprocessing
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from rlcg_core import seeds
from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import Outcome
from rlcg_core.rule import RuleMemory, RuleParameters
from rlcg_core.statistics import wilson_interval
from rlcg_core.types import Observation
from rlcg_sim import expert
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_train.explore import TorchPolicy, default_cem, default_start
from rlcg_train.rollout import run_attempt

FloatArray = npt.NDArray[np.float64]

# Scenes for model choice: training's own range, far above what collection uses.
FIRST_VALIDATION = 2**38


@dataclass(frozen=True)
class TrialSettings:
    """What to measure. An empty ``checkpoint`` measures the expert, which knows object poses.

    ``evaluation_seed``: None takes validation scenes, a number the scenes of `evaluate_node`.
    """

    urdf: Path
    checkpoint: str = ""
    grasps: int = 200
    first: int = 0
    objects: str = "mixed_train"
    evaluation_seed: int | None = None
    renderer: str = "auto"
    workers: int = 2
    samples: int = 64
    iterations: int = 3
    rule: RuleParameters = field(default_factory=RuleParameters)


def measure(settings: TrialSettings) -> tuple[int, int]:
    """Return successes and trials; prints the rate with its 95% interval."""
    numbers = range(settings.first, settings.first + settings.grasps)
    parts = [list(numbers[k :: settings.workers]) for k in range(settings.workers)]
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    workers = [
        context.Process(target=_work, args=(settings, part, queue), daemon=True) for part in parts
    ]
    for worker in workers:
        worker.start()
    outcomes = []
    for _ in tqdm(numbers, desc=settings.checkpoint or "expert", unit="grasp"):
        outcomes.append(queue.get())
    successes = sum(outcome == Outcome.SUCCESS for outcome in outcomes)
    low, high = wilson_interval(successes, len(outcomes))
    print(
        f"{settings.checkpoint or 'expert'} on {settings.objects}: {successes}/{len(outcomes)} = "
        f"{100 * successes / len(outcomes):.1f}% (95% interval {100 * low:.1f}-{100 * high:.1f})"
    )
    return successes, len(outcomes)


def _work(
    settings: TrialSettings, numbers: list[int], queue: "multiprocessing.SimpleQueue[int]"
) -> None:
    os.environ["LP_NUM_THREADS"] = "1"
    policy = None
    if settings.checkpoint:
        cem = default_cem(settings.samples, settings.iterations)
        policy = TorchPolicy(Path(settings.checkpoint), settings.rule, cem, default_start())
    renderer = settings.renderer if policy else "tiny"
    with PyBulletWorld(ROBOT1, settings.urdf, renderer=renderer) as world:
        stepper = CellStepper(world)
        for number in numbers:
            queue.put(int(_trial(settings, world, stepper, policy, number)))


def _trial(
    settings: TrialSettings,
    world: PyBulletWorld,
    stepper: CellStepper,
    policy: TorchPolicy | None,
    number: int,
) -> Outcome:
    if settings.evaluation_seed is None:
        seed = seeds.training_seed(FIRST_VALIDATION + number)
    else:
        seed = seeds.evaluation_seed(settings.evaluation_seed, number)
    world.reset(seed, settings.objects)
    rng = np.random.default_rng([seed, 2])
    learned = policy
    if learned is None:
        best = expert.plan(world, rng, settings.rule.grasp_height_m).best()
        attempt = run_attempt(world, stepper, lambda o, m: best, settings.rule, lambda s: False)
        return attempt.outcome

    def choose(observation: Observation, memory: RuleMemory) -> FloatArray:
        return np.asarray(learned.goal(observation, memory, rng))

    return run_attempt(world, stepper, choose, settings.rule, lambda step: True).outcome
