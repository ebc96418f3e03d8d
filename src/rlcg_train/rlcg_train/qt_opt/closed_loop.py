# SPDX-License-Identifier: Apache-2.0
"""Measure a policy that chooses the whole action, in the simulator without ROS.

For choosing between networks and for the curve of a run; the published number comes from the nodes.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rlcg_core import seeds
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import WorldError
from rlcg_core.statistics import wilson_interval
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_sim.renderer import draw_with_one_thread
from rlcg_train.processes import processes
from rlcg_train.qt_opt.behaviours import BehaviourSettings, PolicyBehaviour
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.episode import run_episode
from rlcg_train.qt_opt.ramp import Ramp
from rlcg_train.trial import FIRST_VALIDATION


@dataclass(frozen=True)
class MeasureSettings:
    """What to measure. ``evaluation_seed``: None takes validation scenes of training's range."""

    checkpoint: Path
    urdf: Path
    grasps: int = 200
    first: int = 0
    objects: str = "mixed_train"
    evaluation_seed: int | None = None
    renderer: str = "auto"
    samples: int = 64
    iterations: int = 3
    workers: int = 2


@dataclass(frozen=True)
class Trial:
    """One episode: its outcome, how it went. ``valid``: the scene could be set up."""

    valid: bool
    success: bool = False
    steps: int = 0
    closings: int = 0
    terminated: bool = False


def measure(settings: MeasureSettings) -> list[Trial]:
    """Return the trials; prints the rate with its 95% interval."""
    numbers = range(settings.first, settings.first + settings.grasps)
    with processes(settings.workers, _open, (settings,)) as play_all:
        played = play_all(_play, numbers)
        bar = tqdm(played, total=len(numbers), desc=settings.checkpoint.name, unit="grasp")
        trials: list[Trial] = []
        for trial in bar:
            trials.append(trial)
            bar.set_postfix(success=f"{sum(t.success for t in trials)}/{len(trials)}")
    print(summary(f"{settings.checkpoint} on {settings.objects}", trials))
    return trials


def summary(name: str, trials: list[Trial]) -> str:
    """Return one line: rate with interval, steps, grasps tried, how many ended by themselves."""
    valid = [trial for trial in trials if trial.valid]
    successes = sum(trial.success for trial in valid)
    low, high = wilson_interval(successes, len(valid))
    again = [trial for trial in valid if trial.closings > 1]
    return (
        f"{name}: {successes}/{len(valid)} = {100 * successes / len(valid):.1f}% "
        f"(95% interval {100 * low:.1f}-{100 * high:.1f}), "
        f"{np.mean([t.steps for t in valid]):.1f} steps, "
        f"{sum(t.terminated for t in valid)} ended by the policy, "
        f"{len(again)} closed again of which {sum(t.success for t in again)} succeeded, "
        f"{len(trials) - len(valid)} scenes that could not be set up"
    )


@dataclass(frozen=True)
class _Bench:
    settings: MeasureSettings
    world: PyBulletWorld
    policy: PolicyBehaviour


_BENCHES: list[_Bench] = []


def _open(settings: MeasureSettings) -> None:
    draw_with_one_thread()
    greedy = BehaviourSettings(
        "policy",
        settings.checkpoint,
        random_share=Ramp(0.0, 0.0),
        noisy_share=0.0,
        samples=settings.samples,
        iterations=settings.iterations,
    )
    world = PyBulletWorld(ROBOT1, settings.urdf, renderer=settings.renderer)
    _BENCHES[:] = [_Bench(settings, world, PolicyBehaviour(greedy))]


def _play(number: int) -> Trial:
    settings, world = _BENCHES[0].settings, _BENCHES[0].world
    if settings.evaluation_seed is None:
        seed = seeds.training_seed(FIRST_VALIDATION + number)
    else:
        seed = seeds.evaluation_seed(settings.evaluation_seed, number)
    try:
        world.reset(seed, settings.objects)
    except WorldError:
        return Trial(False)
    rng = np.random.default_rng([seed, 6])
    episode = run_episode(world, _BENCHES[0].policy, rng, side_px=1)
    commands = [int(step["command"]) for step in episode.steps]
    return Trial(
        True,
        episode.success,
        len(commands),
        commands.count(Command.CLOSE),
        commands[-1] == Command.TERMINATE and len(commands) < 20,
    )
