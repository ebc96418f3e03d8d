# SPDX-License-Identifier: Apache-2.0
"""Following a joint trajectory by the rules of ros2_controllers' joint_trajectory_controller.

A new trajectory replaces the running one at once, beginning at the present commanded position and
velocity, so that nothing jumps. Points with positions alone are joined by straight lines, points
with velocities by cubics. After the last point the arm holds it.
"""

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import SpecError
from rlcg_core.types import ArmTrajectory

FloatArray = npt.NDArray[np.float64]


def check_trajectory(trajectory: ArmTrajectory, joints: int) -> ArmTrajectory:
    """Return the trajectory if it can be followed by ``joints`` joints; raise `SpecError`.

    All joints in every point, finite numbers, times above zero and increasing.
    """
    positions, times = np.asarray(trajectory.positions), np.asarray(trajectory.times_s)
    if positions.ndim != 2 or positions.shape[1] != joints:
        raise SpecError(f"trajectory has shape {positions.shape}, expected (n, {joints}) positions")
    if not np.all(np.isfinite(positions)) or not np.all(np.isfinite(times)):
        raise SpecError("trajectory has non-finite numbers, nothing of it is followed")
    if times[0] <= 0.0 or np.any(np.diff(times) <= 0.0):
        raise SpecError(f"trajectory times are {times.tolist()} s, expected above 0 and increasing")
    _check_velocities(trajectory.velocities, positions)
    return trajectory


def _check_velocities(velocities: FloatArray | None, positions: FloatArray) -> None:
    if velocities is None:
        return
    if velocities.shape != positions.shape or not np.all(np.isfinite(velocities)):
        raise SpecError(
            f"trajectory velocities have shape {velocities.shape}, expected finite numbers "
            f"of shape {positions.shape}"
        )


class TrajectoryFollower:
    """The commanded joint state of an arm over time.

    ``positions`` and ``velocities`` (n,) are what the joints are told at this instant [rad, rad/s].
    """

    def __init__(self, positions: FloatArray) -> None:
        self.reset(positions)

    @property
    def remaining_s(self) -> float:
        """Time until the last point [s], 0 when holding."""
        return max(0.0, float(self._times_s[-1]) - self._elapsed_s)

    def reset(self, positions: FloatArray) -> None:
        """Forget the motion and command ``positions`` (n,) at rest, as a reset world does."""
        self.positions: FloatArray = np.array(positions, dtype=np.float64)
        self.velocities: FloatArray = np.zeros_like(self.positions)
        self._elapsed_s = 0.0
        self._times_s: FloatArray = np.zeros(1)
        self._positions: FloatArray = self.positions[None].copy()
        self._velocities: FloatArray | None = None

    def replace(self, trajectory: ArmTrajectory) -> None:
        """Follow ``trajectory`` from now on; raises `SpecError` and keeps the old one if bad."""
        check_trajectory(trajectory, len(self.positions))
        times_s = np.concatenate([[0.0], trajectory.times_s])
        positions = np.vstack([self.positions, trajectory.positions])
        velocities = None
        if trajectory.velocities is not None:
            velocities = np.vstack([self.velocities, trajectory.velocities])
        self._elapsed_s = 0.0
        self._times_s, self._positions, self._velocities = times_s, positions, velocities

    def advance(self, duration_s: float) -> FloatArray:
        """Let time pass and return the commanded positions (n,)."""
        self._elapsed_s += duration_s
        if self._elapsed_s >= self._times_s[-1]:
            self.positions = self._positions[-1].copy()
            self.velocities = np.zeros_like(self.positions)
            return self.positions
        segment = int(np.searchsorted(self._times_s, self._elapsed_s, side="right")) - 1
        self.positions, self.velocities = self._interpolate(segment)
        return self.positions

    def _interpolate(self, segment: int) -> tuple[FloatArray, FloatArray]:
        start_s, end_s = self._times_s[segment], self._times_s[segment + 1]
        span_s = end_s - start_s
        phase = (self._elapsed_s - start_s) / span_s
        first, last = self._positions[segment], self._positions[segment + 1]
        if self._velocities is None:
            return first + phase * (last - first), (last - first) / span_s
        leave, arrive = self._velocities[segment] * span_s, self._velocities[segment + 1] * span_s
        return _hermite(phase, first, leave, last, arrive, span_s)


def _hermite(
    phase: float,
    first: FloatArray,
    leave: FloatArray,
    last: FloatArray,
    arrive: FloatArray,
    span_s: float,
) -> tuple[FloatArray, FloatArray]:
    """Return position and velocity on the cubic; slopes are per unit of ``phase`` in [0, 1]."""
    square = -3.0 * (first - last) - 2.0 * leave - arrive
    cube = 2.0 * (first - last) + leave + arrive
    position = first + phase * (leave + phase * (square + phase * cube))
    slope = leave + phase * (2.0 * square + 3.0 * phase * cube)
    return position, slope / span_s
