# SPDX-License-Identifier: Apache-2.0
"""Set points for a Cartesian servo, which lags behind: at a step's end it gets time to arrive."""

from dataclasses import replace

import numpy as np

from rlcg_core.ports import Kinematics
from rlcg_core.step_stream import SetPoint, StepStream
from rlcg_core.types import ArmTrajectory, FloatArray

# So long the servo may take after a step's end to come within so far.
SETTLE_S = 0.5
ARRIVED_M = 0.001


class ToolStream:
    """A `StepStream` whose last set point is repeated until the tool is there."""

    def __init__(self, period_s: float, kinematics: Kinematics) -> None:
        self._stream, self._kinematics = StepStream(period_s), kinematics
        self._point: SetPoint | None = None
        self._settling_since_s: float | None = None

    def begin(self, trajectory: ArmTrajectory, measured_rad: FloatArray, clock_s: float) -> None:
        """Follow ``trajectory`` from now on."""
        self._stream.begin(trajectory, measured_rad, clock_s)
        self._settling_since_s = None

    def end(self) -> None:
        """Forget the step."""
        self._stream.end()
        self._point = None

    def due(self, measured_rad: FloatArray, clock_s: float) -> SetPoint | None:
        """Return the set point of now, ``last`` once the tool arrived or should have, or None.

        Raises:
            KinematicsError: The tool is tilted.
        """
        if self._stream.running:
            self._point = self._stream.advance(clock_s)
        point = self._point
        if point is None or not point.last:
            return point
        if self._settling_since_s is None:
            self._settling_since_s = clock_s
        late = clock_s - self._settling_since_s > SETTLE_S
        if late or self._miss_m(point, measured_rad) < ARRIVED_M:
            self.end()
            return point
        return replace(point, last=False)

    def _miss_m(self, point: SetPoint, measured_rad: FloatArray) -> float:
        wanted = self._kinematics.tool_pose(point.joints_rad)
        here = self._kinematics.tool_pose(measured_rad)
        return float(np.linalg.norm(wanted.position_m - here.position_m))
