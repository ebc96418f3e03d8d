# SPDX-License-Identifier: Apache-2.0
"""Surface heights of the bins' content, read from the simulator's state by vertical rays.

Privileged information: only the scripted expert may use it, never a served policy.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rlcg_core.cell import Cell

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CELL_M = 0.004
RAY_START_M = 0.20
RAYS_PER_CALL = 8192
WALL_SEEN_M = 0.01


@dataclass(frozen=True)
class HeightMap:
    """``height_m`` (nx, ny) above the bin floor and ``body`` (nx, ny) hit, -1 for none.

    Cell (i, j) is centred at ``origin_m + CELL_M * (i, j)`` in base x, y.
    """

    origin_m: FloatArray
    height_m: FloatArray
    body: IntArray

    def lookup(self, points_m: FloatArray) -> FloatArray:
        """Return heights at points (..., 2); outside the map counts as a wall of 1 m."""
        index = np.rint((points_m - self.origin_m) / CELL_M).astype(np.int64)
        inside = np.all((index >= 0) & (index < self.height_m.shape), axis=-1)
        i, j = np.moveaxis(np.where(inside[..., None], index, 0), -1, 0)
        return np.where(inside, self.height_m[i, j], 1.0)


def measure(client: Any, cell: Cell, objects: list[int]) -> HeightMap:
    """Cast a grid of rays down where grasps are sought."""
    half = 0.5 * np.array(cell.goal_area.size_xy_m)
    origin = np.array(cell.goal_area.centre_xy_m) - half + 0.5 * CELL_M
    shape = tuple(int(n) for n in np.floor(2 * half / CELL_M))
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    points = (origin + CELL_M * grid).reshape(-1, 2)
    floor = cell.bin.floor_z_m
    hits = _cast(client, points, floor)
    height = np.array([hit[3][2] - floor if hit[0] >= 0 else 0.0 for hit in hits]).reshape(shape)
    body = np.array([hit[0] if hit[0] in objects else -1 for hit in hits]).reshape(shape)
    # Walls between bins stand within the area of a robot that reaches over them.
    solid = (body >= 0) | (height > WALL_SEEN_M)
    return HeightMap(origin, np.where(solid, height, 0.0), body)


def _cast(client: Any, points_m: FloatArray, floor_m: float) -> list[Any]:
    top = np.column_stack([points_m, np.full(len(points_m), floor_m + RAY_START_M)]).tolist()
    low = np.column_stack([points_m, np.full(len(points_m), floor_m - 0.005)]).tolist()
    hits: list[Any] = []
    for start in range(0, len(top), RAYS_PER_CALL):
        part = slice(start, start + RAYS_PER_CALL)
        hits.extend(client.rayTestBatch(top[part], low[part], numThreads=1))
    return hits
