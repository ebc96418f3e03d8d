# SPDX-License-Identifier: Apache-2.0
"""Goals of the scripted collection policy: the expert's, blurred, and random ones.

It reads the simulator's state, so it only collects data and is never served.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_sim import expert
from rlcg_sim.pybullet_world import PyBulletWorld

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScriptedMix:
    """How scripted goals are drawn: shares of each kind, noise of the blurred ones."""

    expert_share: float = 0.25
    object_share: float = 0.5
    expert_noise_m: float = 0.010
    expert_noise_rad: float = 0.25
    object_noise_m: float = 0.02


def draw_goal(
    world: PyBulletWorld, rng: np.random.Generator, mix: ScriptedMix, grasp_height_m: float
) -> FloatArray:
    """Return one goal (3,): x, y [m], yaw [rad]."""
    kind = rng.random()
    if kind < mix.expert_share:
        return _blurred_expert(world, rng, mix, grasp_height_m)
    if kind < mix.expert_share + mix.object_share:
        return _near_object(world, rng, mix)
    half = 0.5 * np.array(world.cell.goal_area.size_xy_m) - 0.03
    place = np.array(world.cell.goal_area.centre_xy_m) + rng.uniform(-1, 1, size=2) * half
    return np.array([*place, rng.uniform(-np.pi / 2, np.pi / 2)])


def _blurred_expert(
    world: PyBulletWorld, rng: np.random.Generator, mix: ScriptedMix, grasp_height_m: float
) -> FloatArray:
    placements = expert.plan(world, rng, grasp_height_m)
    possible = np.flatnonzero(np.isfinite(placements.score))
    if not len(possible):
        return _near_object(world, rng, mix)
    # Not always the best: placements of all scores above the median teach where the edge lies.
    ranked = possible[np.argsort(-placements.score[possible])]
    chosen = ranked[int(len(ranked) * 0.5 * rng.random() ** 2)]
    scale = rng.random()
    noise = np.array([mix.expert_noise_m, mix.expert_noise_m, mix.expert_noise_rad])
    return np.asarray(placements.goal[chosen] + 2 * scale * noise * rng.normal(size=3))


def _near_object(world: PyBulletWorld, rng: np.random.Generator, mix: ScriptedMix) -> FloatArray:
    body = world.objects[int(rng.integers(len(world.objects)))]
    centre = np.array(world.client.getBasePositionAndOrientation(body)[0][:2])
    place = centre + rng.normal(size=2) * mix.object_noise_m
    return np.array([*place, rng.uniform(-np.pi / 2, np.pi / 2)])
