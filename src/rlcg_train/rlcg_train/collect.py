# SPDX-License-Identifier: Apache-2.0
"""Collect grasp attempts into shards: parallel, resumable, seeded per attempt.

Shard k of a folder always holds attempts first + k*n ... so that a rerun fills only what lacks.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from rlcg_core import seeds
from rlcg_core.errors import WorldError
from rlcg_core.reasons import Outcome
from rlcg_core.rule import RuleMemory, RuleParameters
from rlcg_core.types import Observation
from rlcg_sim.makers import BuiltInWorlds, WorldMaker
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_sim.renderer import draw_with_one_thread
from rlcg_train import scripted
from rlcg_train.processes import processes
from rlcg_train.rollout import Attempt, run_attempt
from rlcg_train.shards import write_shard

FloatArray = npt.NDArray[np.float64]

ATTEMPTS_PER_SHARD = 50


@dataclass(frozen=True)
class CollectSettings:
    """What to collect.

    ``first``: number of the first attempt, so that rounds never share seeds. ``tiny_every``: every
    n-th shard is drawn by TinyRenderer, so that a machine without EGL is served too (0: none).
    ``checkpoint``: weights of an on-policy round; empty collects with the scripted policy. Whole
    shards of ``per_shard`` attempts are collected.
    """

    out: Path
    urdf: Path
    attempts: int = 2500
    first: int = 0
    objects: str = "mixed_train"
    workers: int = 2
    tiny_every: int = 6
    checkpoint: str = ""
    explore_share: float = 0.35
    per_shard: int = ATTEMPTS_PER_SHARD
    rule: RuleParameters = field(default_factory=RuleParameters)
    mix: scripted.ScriptedMix = field(default_factory=scripted.ScriptedMix)
    open_world: WorldMaker = field(default_factory=BuiltInWorlds)


def collect(settings: CollectSettings) -> None:
    """Fill the folder; safe to interrupt and to repeat."""
    settings.out.mkdir(parents=True, exist_ok=True)
    shards = range((settings.attempts + settings.per_shard - 1) // settings.per_shard)
    missing = [k for k in shards if not _path(settings, k).exists()]
    done = len(shards) - len(missing)
    with processes(settings.workers, draw_with_one_thread) as over:
        jobs = over(_collect_shard, [(settings, k) for k in missing])
        bar = tqdm(jobs, total=len(shards), initial=done, unit="shard", desc=settings.out.name)
        for rate in bar:
            bar.set_postfix(success=f"{rate:.2f}")


def _path(settings: CollectSettings, shard: int) -> Path:
    return settings.out / f"{shard:05d}.npz"


def _collect_shard(job: tuple[CollectSettings, int]) -> float:
    settings, shard = job
    tiny = settings.tiny_every > 0 and shard % settings.tiny_every == settings.tiny_every - 1
    attempts: dict[int, Attempt] = {}
    with settings.open_world(settings.urdf, "tiny" if tiny else "auto") as world:
        stepper = CellStepper(world)
        for k in range(settings.per_shard):
            index = settings.first + shard * settings.per_shard + k
            attempt = _one_attempt(settings, world, stepper, index)
            if attempt is not None and np.all(np.isfinite(attempt.grasp_pose)):
                attempts[index] = attempt
        projection = world.camera.projection_base_to_px()
        write_shard(_path(settings, shard), attempts, world.renderer, projection)
    successes = [a.outcome == Outcome.SUCCESS for a in attempts.values()]
    return sum(successes) / max(1, len(successes))


def _one_attempt(
    settings: CollectSettings, world: PyBulletWorld, stepper: CellStepper, index: int
) -> Attempt | None:
    seed = seeds.training_seed(index)
    rng = np.random.default_rng([seed, 1])
    try:
        world.reset(seed, settings.objects)
    except WorldError:
        return None
    if settings.checkpoint:
        from rlcg_train.explore import on_policy_chooser

        choose = on_policy_chooser(settings.checkpoint, settings.rule, rng, settings.explore_share)
        return run_attempt(world, stepper, choose, settings.rule, lambda step: True)
    goal = scripted.draw_goal(world, rng, settings.mix, settings.rule.grasp_height_m)

    def choose_fixed(observation: Observation, memory: RuleMemory) -> FloatArray:
        return goal

    looks = {0, int(rng.integers(1, 4)), int(rng.integers(4, 8))}
    return run_attempt(world, stepper, choose_fixed, settings.rule, lambda step: step in looks)
