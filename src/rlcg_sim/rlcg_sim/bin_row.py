# SPDX-License-Identifier: Apache-2.0
"""The bins as they stand in the base frame, wherever the base stands before them.

The simulator's origin is the arm's base: where a mobile base drives, the bins and all in them move
the other way. Gravity does not mind, and nothing else has to be told.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.base_pose import AT_HOME, PLACES, BasePose
from rlcg_core.cell import Cell

FloatArray = npt.NDArray[np.float64]
# Half extents (3,) and centre (3,) of a box in the base frame [m].
Box = tuple[tuple[float, ...], tuple[float, ...]]

SPAWN_MARGIN_M = 0.075
# So far from the border of the area where grasps are sought do objects begin.
REACH_MARGIN_M = 0.04
HALF_WALL_M = 0.006
DRAWS = 64


@dataclass(frozen=True)
class BinRow:
    """The bins of a cell before a base at ``pose``.

    ``place``: its name; objects lie in the bins that it is before, for an empty name in any.
    """

    cell: Cell
    pose: BasePose = AT_HOME
    place: str = ""

    @property
    def yaw_rad(self) -> float:
        """Yaw of the row in the base frame."""
        return -self.pose.yaw_rad

    def boxes(self) -> list[Box]:
        """Return table, floor and walls; all of them turned by ``yaw_rad``."""
        one = self.cell.bin
        (cx, cy), (sx, sy), half = one.centre_xy_m, one.inner_size_xy_m, HALF_WALL_M
        z, half_z = one.floor_z_m, one.wall_height_m / 2
        middle_z = z + half_z
        half_row = sy / 2 + 0.5 * one.pitch_m * (one.count - 1)
        floor = ((sx / 2 + 2 * half, half_row + 2 * half, 0.01), (cx, cy, z - 0.01))
        boxes = [self._table(z), floor]
        for sign in (-1, 1):
            at_x, at_y = cx + sign * (sx / 2 + half), cy + sign * (half_row + half)
            boxes.append(((half, half_row + 2 * half, half_z), (at_x, cy, middle_z)))
            boxes.append(((sx / 2 + 2 * half, half, half_z), (cx, at_y, middle_z)))
        between_m = one.pitch_m - sy
        for _, left_y in one.centres_xy_m()[:-1]:
            at_y = left_y + 0.5 * one.pitch_m
            boxes.append(((sx / 2, between_m / 2, half_z), (cx, at_y, middle_z)))
        return [(size, self._seen(centre)) for size, centre in boxes]

    def _table(self, floor_z_m: float) -> Box:
        """A mobile base drives along the table's edge, a fixed one stands on it."""
        if self.cell.base is None:
            return (1.2, 1.2, 0.02), (0.4, 0.0, floor_z_m - 0.04)
        return (0.7, 1.6, 0.02), (1.05, 0.0, floor_z_m - 0.04)

    def _seen(self, centre_m: tuple[float, ...]) -> tuple[float, ...]:
        x_m, y_m = self.pose.seen_from_base(np.array([centre_m[:2]]))[0]
        return float(x_m), float(y_m), centre_m[2]

    def _filled_m(self) -> FloatArray:
        """Return the centres (n, 2) of the bins that objects lie in, in the frame of the floor."""
        centres, pitch_m = self.cell.bin.centres_xy_m(), self.cell.bin.pitch_m
        if not self.place or self.cell.base is None:
            return centres
        before = self.cell.bin.centre_xy_m[1] + PLACES[self.place] * pitch_m
        return np.asarray(centres[np.abs(centres[:, 1] - before) < 0.51 * pitch_m])

    def draw_places(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Return places (count, 2) in the base frame over the bins, clear of their walls.

        Before a mobile base they are also within its reach, so fewer may come, but one at least.
        """
        half = 0.5 * np.array(self.cell.bin.inner_size_xy_m) - SPAWN_MARGIN_M
        centres = self._filled_m()
        if self.cell.base is None:
            return np.asarray(centres[0] + rng.uniform(-1, 1, size=(count, 2)) * half)
        bins = centres[rng.integers(len(centres), size=DRAWS)]
        places = self.pose.seen_from_base(bins + rng.uniform(-1, 1, size=(DRAWS, 2)) * half)
        area = self.cell.goal_area
        reach = 0.5 * np.array(area.size_xy_m) - REACH_MARGIN_M
        outside = np.abs(places - np.array(area.centre_xy_m)) - reach
        # Those within reach first, as drawn, then by how little they miss it.
        order = np.argsort(np.clip(outside.max(axis=1), 0.0, None), kind="stable")
        within = int(np.count_nonzero(np.all(outside <= 0.0, axis=1)))
        return np.asarray(places[order][: max(1, min(count, within))])
