# SPDX-License-Identifier: Apache-2.0
"""Where a mobile base stands before the bins: places by name, and poses drawn around them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.cell import Cell
from rlcg_core.errors import WorldError

FloatArray = npt.NDArray[np.float64]

# In pitches of the bins along y, left positive: before a bin, or between two.
PLACES = {"centre": 0.0, "left": 1.0, "right": -1.0, "offset_1": 0.5, "offset_2": -0.5}
# A fixed robot has one place, which is the centre one of a row of one; empty: wherever it comes.
FIXED_PLACES = ("", "centre")
# Stream of random numbers beside those of a scene's objects and looks.
PLACE_STREAM = 13
# So far back from its place does a base wait that drives there [m].
PARKED_M = 0.25


@dataclass(frozen=True)
class BasePose:
    """Pose of the arm's base on the floor, against its nominal place before the middle bin.

    ``x_m`` ahead, ``y_m`` to the left, ``yaw_rad`` counterclockwise, all in the frame of that
    place, which is also that of odometry.
    """

    x_m: float = 0.0
    y_m: float = 0.0
    yaw_rad: float = 0.0

    def seen_from_base(self, points_xy_m: npt.ArrayLike) -> FloatArray:
        """Return points (n, 2) of the nominal place's frame in the base's [m]."""
        sine, cosine = np.sin(self.yaw_rad), np.cos(self.yaw_rad)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        away: FloatArray = (np.asarray(points_xy_m) - (self.x_m, self.y_m)) @ turn
        return away

    def moved(self, step: "BasePose") -> "BasePose":
        """Return the pose after a motion that is told in this pose's own frame."""
        sine, cosine = float(np.sin(self.yaw_rad)), float(np.cos(self.yaw_rad))
        return BasePose(
            self.x_m + cosine * step.x_m - sine * step.y_m,
            self.y_m + sine * step.x_m + cosine * step.y_m,
            wrapped_rad(self.yaw_rad + step.yaw_rad),
        )


AT_HOME = BasePose()


def wrapped_rad(angle_rad: float) -> float:
    """Return the same angle within [-pi, pi)."""
    return float((angle_rad + np.pi) % (2 * np.pi) - np.pi)


def places(cell: Cell) -> tuple[str, ...]:
    """Return the names of places that the cell's base can take; empty: any."""
    return FIXED_PLACES if cell.base is None else ("", *PLACES)


def draw_base_pose(seed: int, cell: Cell, place: str) -> BasePose:
    """Return a pose around a named place, for an empty name anywhere before the bins.

    A fixed robot stays where it is. The seed of a scene gives the same pose to whoever fills the
    bins and to whoever drives. Raises `WorldError` for a place that the cell does not have.
    """
    if place not in places(cell):
        raise WorldError(
            f"bins at place {place!r} are wanted, {cell.name} has {list(places(cell))}: choose a "
            "protocol for one bin, or robot2"
        )
    if cell.base is None:
        return AT_HOME
    rng = np.random.default_rng([seed, PLACE_STREAM])
    jitter = rng.uniform(-1.0, 1.0, size=3) * (*(cell.base.jitter_m,) * 2, cell.base.jitter_rad)
    outermost = 0.5 * (cell.bin.count - 1)
    along = PLACES[place] if place else float(rng.uniform(-outermost, outermost))
    return BasePose(float(jitter[0]), float(jitter[1]) + along * cell.bin.pitch_m, float(jitter[2]))
