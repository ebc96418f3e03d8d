# SPDX-License-Identifier: Apache-2.0
"""Collect scripted attempts with masks, depth and canonical pictures, in any look.

RCAN learns from the pairs, GraspGAN from the masks; any method can learn from the attempts.
Resumes: a shard that is there is not made again.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rlcg_core import seeds
from rlcg_core.cell import ROBOT1, Cell
from rlcg_core.errors import WorldError
from rlcg_core.rule import RuleMemory, RuleParameters
from rlcg_core.types import Observation
from rlcg_sim.looks.pairs import Pair, take_pair
from rlcg_sim.makers import BuiltInWorlds
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_sim.renderer import draw_with_one_thread
from rlcg_train import scripted
from rlcg_train.adapt import pair_shards
from rlcg_train.processes import processes
from rlcg_train.rollout import Attempt, FloatArray, run_attempt
from rlcg_train.shards import write_shard

# Training's own range, apart from that of all other commands.
FIRST_PAIRED = 2**36


@dataclass(frozen=True)
class PairSettings:
    """What to collect; ``look`` is one of `rlcg_sim.looks.built_in.LOOKS`."""

    out: Path
    urdf: Path
    look: str = "sim"
    attempts: int = 1500
    per_shard: int = 50
    workers: int = 2
    objects: str = "mixed_train"
    renderer: str = "auto"
    rule: RuleParameters = field(default_factory=RuleParameters)
    cell: Cell = ROBOT1


def collect_pairs(settings: PairSettings) -> None:
    """Fill the folder; safe to interrupt and to repeat."""
    settings.out.mkdir(parents=True, exist_ok=True)
    shards = range(-(-settings.attempts // settings.per_shard))
    missing = [k for k in shards if not _path(settings, k).exists()]
    with processes(settings.workers, draw_with_one_thread) as over:
        jobs = over(_one_shard, [(settings, k) for k in missing])
        done = len(shards) - len(missing)
        for _ in tqdm(jobs, total=len(shards), initial=done, unit="shard", desc=settings.look):
            pass


def _path(settings: PairSettings, shard: int) -> Path:
    return settings.out / f"{shard:05d}.npz"


def _one_shard(job: tuple[PairSettings, int]) -> None:
    settings, shard = job
    attempts, pairs = dict[int, Attempt](), list[Pair]()
    first = FIRST_PAIRED + shard * settings.per_shard
    with BuiltInWorlds(settings.look, settings.cell)(settings.urdf, settings.renderer) as world:
        stepper = CellStepper(world)
        for index in range(
            first, min(first + settings.per_shard, FIRST_PAIRED + settings.attempts)
        ):
            try:
                attempt, taken = _one_attempt(settings, world, stepper, index)
            except WorldError:
                continue  # a bin that never settles is no scene
            if np.all(np.isfinite(attempt.grasp_pose)):
                attempts[index] = attempt
                pairs += taken
        path = _path(settings, shard)
        pair_shards.write(pair_shards.beside(path), pairs)
        write_shard(path, attempts, world.renderer, world.camera.projection_base_to_px())


def _one_attempt(
    settings: PairSettings, world: PyBulletWorld, stepper: CellStepper, index: int
) -> tuple[Attempt, list[Pair]]:
    seed = seeds.training_seed(index)
    rng = np.random.default_rng([seed, 1])
    world.reset(seed, settings.objects)
    goal = scripted.draw_goal(world, rng, scripted.ScriptedMix(), settings.rule.grasp_height_m)
    looks = {0, int(rng.integers(1, 4)), int(rng.integers(4, 8))}
    pairs = list[Pair]()

    def choose(observation: Observation, memory: RuleMemory) -> FloatArray:
        # Where nobody looks, the stepper gives a black picture.
        if observation.image_hwc.any():
            pairs.append(take_pair(world))
        return goal

    attempt = run_attempt(world, stepper, choose, settings.rule, lambda step: step in looks)
    return attempt, pairs
