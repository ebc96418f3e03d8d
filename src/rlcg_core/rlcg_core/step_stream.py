# SPDX-License-Identifier: Apache-2.0
"""A step cut into set points, for drivers that follow each one instead of a trajectory."""

from dataclasses import dataclass

import numpy as np

from rlcg_core.trajectory import TrajectoryFollower
from rlcg_core.types import ArmTrajectory, FloatArray

# After a stall the stream goes on from where it was: at most so many periods are made up at once.
MAX_PERIODS_AT_ONCE = 2.0


@dataclass(frozen=True)
class SetPoint:
    """Joints (n,) and their speeds (n,) at this instant [rad, rad/s]; ``last``: the step ends."""

    joints_rad: FloatArray
    speeds_rad_s: FloatArray
    last: bool


class StepStream:
    """Interpolates one step at a time, by the rules of joint_trajectory_controller.

    A step that replaces a running one begins at the set point reached, moving as it moved. One
    that begins at rest begins at the measured joints: between steps the arm may have been moved.
    """

    def __init__(self, period_s: float) -> None:
        self._max_stride_s = MAX_PERIODS_AT_ONCE * period_s
        self._follower = TrajectoryFollower(np.zeros(1))
        self._clock_s = 0.0
        self.running = False

    def begin(self, trajectory: ArmTrajectory, measured_rad: FloatArray, clock_s: float) -> None:
        """Follow ``trajectory`` from now on."""
        if not self.running:
            self._follower.reset(measured_rad)
        self._follower.replace(trajectory)
        self._clock_s, self.running = clock_s, True

    def end(self) -> None:
        """Forget the step."""
        self.running = False

    def advance(self, clock_s: float) -> SetPoint:
        """Return the set point of now; only while ``running``."""
        stride_s = float(np.clip(clock_s - self._clock_s, 0.0, self._max_stride_s))
        self._clock_s = clock_s
        joints_rad = self._follower.advance(stride_s).copy()
        self.running = self._follower.remaining_s > 0.0
        return SetPoint(joints_rad, self._follower.velocities.copy(), last=not self.running)
