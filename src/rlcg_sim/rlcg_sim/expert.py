# SPDX-License-Identifier: Apache-2.0
"""The scripted expert: knows the objects' shapes and poses, marks the simulator's ceiling.

It is never served. It reads a height map of the bin from the simulator and scores jaw placements:
both fingers free on the way down, flat opposite faces between the pads, near the centre of mass.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.cell import Cell
from rlcg_sim.height_map import HeightMap, measure
from rlcg_sim.pybullet_world import PyBulletWorld

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

YAWS = 24
ROWS_M = np.linspace(-0.010, 0.010, 5)
REACH_M = np.arange(-0.060, 0.0601, 0.003)
FINGER_THICKNESS_M = 0.012
CLEARANCE_M = 0.003
CENTRES = 220


@dataclass(frozen=True)
class Placements:
    """Scored jaw placements: ``goal`` (n, 3) of x [m], y [m], yaw [rad]; ``score`` (n,)."""

    goal: FloatArray
    score: FloatArray

    def best(self) -> FloatArray:
        """Return the goal (3,) of the highest score."""
        return np.asarray(self.goal[int(np.argmax(self.score))])


def plan(world: PyBulletWorld, rng: np.random.Generator, grasp_height_m: float) -> Placements:
    """Score placements on all objects in the world; ``score`` is -inf where a finger would hit."""
    heights = measure(world.client, world.cell, world.objects)
    centres, masses = _candidate_centres(world, heights, rng)
    yaws = np.linspace(-np.pi / 2, np.pi / 2, YAWS, endpoint=False)
    goal = np.concatenate(
        [np.repeat(centres, YAWS, axis=0), np.tile(yaws, len(centres))[:, None]], axis=1
    )
    profile = _profiles(heights, goal)
    mass_xy = np.repeat(masses, YAWS, axis=0)
    return Placements(goal, _score(world.cell, goal, profile, mass_xy, grasp_height_m))


def _candidate_centres(
    world: PyBulletWorld, heights: HeightMap, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw positions on the objects; return them (n, 2) and their objects' centres (n, 2)."""
    cells = np.argwhere((heights.body >= 0) & (heights.height_m > 0.012))
    if not len(cells):
        middle = np.array([world.cell.goal_area.centre_xy_m])
        return middle, middle
    chosen = cells[rng.choice(len(cells), size=min(CENTRES, len(cells)), replace=False)]
    bodies = heights.body[chosen[:, 0], chosen[:, 1]]
    mass = {
        body: world.client.getBasePositionAndOrientation(int(body))[0][:2]
        for body in np.unique(bodies)
    }
    jitter = rng.uniform(-0.5, 0.5, size=(len(chosen), 2))
    centres = heights.origin_m + 0.004 * (chosen + jitter)
    return centres, np.array([mass[body] for body in bodies])


def _profiles(heights: HeightMap, goal: FloatArray) -> FloatArray:
    """Return heights (n, rows, reach) across each jaw: rows along the pads, reach along closing."""
    yaw = goal[:, 2]
    # The fingers open along the tool's y axis, which points to (sin yaw, -cos yaw) in the base.
    along = np.stack([np.sin(yaw), -np.cos(yaw)], axis=1)
    across = np.stack([np.cos(yaw), np.sin(yaw)], axis=1)
    points = (
        goal[:, None, None, :2]
        + ROWS_M[None, :, None, None] * across[:, None, None, :]
        + REACH_M[None, None, :, None] * along[:, None, None, :]
    )
    return heights.lookup(points)


def _score(
    cell: Cell, goal: FloatArray, profile: FloatArray, mass_xy: FloatArray, tip_m: float
) -> FloatArray:
    half = 0.5 * cell.gripper.opening_max_m
    offset = np.abs(REACH_M)
    under = (offset > half - CLEARANCE_M) & (offset < half + FINGER_THICKNESS_M + CLEARANCE_M)
    hits = profile[:, :, under].max(axis=(1, 2)) > tip_m - 0.003
    inside = profile[:, :, offset <= half - CLEARANCE_M]
    reach = REACH_M[offset <= half - CLEARANCE_M]
    low, high = (
        inside > tip_m + 0.006,
        inside > tip_m + 0.6 * (inside.max(axis=(1, 2)) - tip_m)[:, None, None],
    )
    left, right = _edges(low, reach)
    left_high, right_high = _edges(high, reach)
    rows_hit = low.any(axis=2).mean(axis=1)
    ragged = left.std(axis=1) + right.std(axis=1)
    slanted = np.abs(left - left_high).mean(axis=1) + np.abs(right - right_high).mean(axis=1)
    off_centre = np.abs((left + right).mean(axis=1) / 2)
    lever = np.linalg.norm(goal[:, :2] - mass_xy, axis=1)
    depth = np.clip(inside.max(axis=(1, 2)) - tip_m, 0.0, 0.025)
    score = rows_hit + 20 * depth - 60 * ragged - 25 * slanted - 15 * lever - 10 * off_centre
    return np.where(hits | (rows_hit < 0.4), -np.inf, score)


def _edges(occupied: BoolArray, reach_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the first and last occupied reach (n, rows) [m]; zero where a row is free."""
    some = occupied.any(axis=2)
    first = reach_m[np.argmax(occupied, axis=2)]
    last = reach_m[::-1][np.argmax(occupied[:, :, ::-1], axis=2)]
    return np.where(some, first, 0.0), np.where(some, last, 0.0)
