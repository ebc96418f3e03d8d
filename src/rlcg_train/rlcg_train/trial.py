# SPDX-License-Identifier: Apache-2.0
"""Measure a policy or the scripted expert in the simulator, without ROS, in parallel.

For choosing between models; the published number comes from the nodes instead.
"""

import multiprocessing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from rlcg_core import seeds
from rlcg_core.bin_content import Filling
from rlcg_core.errors import WorldError
from rlcg_core.reasons import Outcome
from rlcg_core.rule import RuleMemory, RuleParameters
from rlcg_core.statistics import wilson_interval
from rlcg_core.types import Observation
from rlcg_sim import expert
from rlcg_sim.makers import BuiltInWorlds, WorldMaker
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_sim.renderer import draw_with_one_thread
from rlcg_train.explore import TorchPolicy
from rlcg_train.rollout import run_attempt

FloatArray = npt.NDArray[np.float64]

# Scenes for model choice: training's own range, far above what collection uses.
FIRST_VALIDATION = 2**38


@dataclass(frozen=True)
class TrialSettings:
    """What to measure. An empty ``checkpoint`` measures the expert, which knows object poses.

    ``evaluation_seed``: None takes validation scenes, a number the scenes of `evaluate_node`.
    ``place``: where a mobile base stands, of `rlcg_core.base_pose.PLACES`; empty for anywhere.
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
    open_world: WorldMaker = field(default_factory=BuiltInWorlds)
    place: str = ""


def measure(settings: TrialSettings) -> tuple[int, int]:
    """Return successes and valid trials; prints the rate with its 95% interval."""
    numbers = range(settings.first, settings.first + settings.grasps)
    name = settings.checkpoint or "expert"
    context = multiprocessing.get_context("spawn")
    with context.Pool(settings.workers, _open_world, (settings,)) as pool:
        jobs = pool.imap_unordered(_trial_number, numbers)
        outcomes = list(tqdm(jobs, total=len(numbers), desc=name, unit="grasp"))
    successes = outcomes.count(Outcome.SUCCESS)
    trials = len(outcomes) - outcomes.count(Outcome.INVALID)
    low, high = wilson_interval(successes, trials)
    print(
        f"{name} on {settings.objects}: {successes}/{trials} = {100 * successes / trials:.1f}% "
        f"(95% interval {100 * low:.1f}-{100 * high:.1f}), "
        f"{len(outcomes) - trials} scenes that could not be set up"
    )
    return successes, trials


@dataclass(frozen=True)
class _Bench:
    """What one worker process keeps from trial to trial."""

    settings: TrialSettings
    world: PyBulletWorld
    stepper: CellStepper
    policy: TorchPolicy | None


_BENCHES: list[_Bench] = []


def _open_world(settings: TrialSettings) -> None:
    draw_with_one_thread()
    policy = None
    if settings.checkpoint:
        policy = TorchPolicy(
            Path(settings.checkpoint), settings.rule, settings.samples, settings.iterations
        )
    renderer = settings.renderer if policy else "tiny"
    world = settings.open_world(settings.urdf, renderer)
    _BENCHES[:] = [_Bench(settings, world, CellStepper(world), policy)]


def _trial_number(number: int) -> Outcome:
    bench = _BENCHES[0]
    try:
        return _trial(bench.settings, bench.world, bench.stepper, bench.policy, number)
    except WorldError:
        return Outcome.INVALID


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
    world.reset(seed, settings.objects, Filling(placement=settings.place))
    rng = np.random.default_rng([seed, 2])
    learned = policy
    if learned is None:
        best = expert.plan(world, rng, settings.rule.grasp_height_m).best()
        attempt = run_attempt(world, stepper, lambda o, m: best, settings.rule, lambda s: False)
        return attempt.outcome

    def choose(observation: Observation, memory: RuleMemory) -> FloatArray:
        return np.asarray(learned.goal(observation, memory, rng))

    return run_attempt(world, stepper, choose, settings.rule, lambda step: True).outcome
