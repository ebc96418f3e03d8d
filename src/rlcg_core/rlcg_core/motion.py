# SPDX-License-Identifier: Apache-2.0
"""From an action and the measured joints to what is sent to the robot: one short motion."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rlcg_core import gate_checks as checks
from rlcg_core.cell import GripperDescription
from rlcg_core.errors import KinematicsError
from rlcg_core.gate_checks import GateError
from rlcg_core.limits import GateLimits, joint_duration_s, step_duration_s
from rlcg_core.ports import Kinematics
from rlcg_core.reasons import GateReason
from rlcg_core.running_start import RunningStart
from rlcg_core.types import Action, ArmTrajectory

FloatArray = npt.NDArray[np.float64]

HOME_SPEED_FRACTION = 0.15
# An arm on the move is ahead of where it was measured, by its speed times the age of the sample.
# Sent back within less than 2.12 times that age, it would be faster than it was: 45 ms are allowed.
HOLD_S = 0.1
# A jaw within this of where it shall be needs no time to get there.
JAW_STILL_M = 0.002


@dataclass(frozen=True)
class Motion:
    """What goes out for one decision: an arm trajectory and a jaw opening, always both.

    The arm goes from rest to rest on one cubic; the jaw has ``opening_duration_s`` for its own.
    ``is_hold``: the arm shall stay where it is, now.
    """

    trajectory: ArmTrajectory
    opening_m: float
    opening_duration_s: float
    is_hold: bool = False


class MotionPlanner:
    """Plans steps, holds and the way home, each within the limits.

    ``opening_m`` is the jaw opening last commanded, None before the first motion of an activation.
    """

    def __init__(
        self, limits: GateLimits, gripper: GripperDescription, kinematics: Kinematics
    ) -> None:
        self._limits, self._gripper, self._kinematics = limits, gripper, kinematics
        self._start = RunningStart(limits, kinematics)
        self._measured_m = gripper.opening_max_m
        self.opening_m: float | None = None

    def observe_opening(self, opening_m: float) -> None:
        """Take in the measured jaw opening [m]."""
        if np.isfinite(opening_m):
            self._measured_m = float(np.clip(opening_m, 0.0, self._gripper.opening_max_m))

    def step(
        self,
        action: Action,
        decided_at: FloatArray,
        latest: FloatArray,
        speed_scale: float = 1.0,
        speeds: FloatArray | None = None,
    ) -> Motion:
        """Return the motion of ``action``, or raise `GateError`.

        The displacement counts from ``decided_at`` (n,), the joints when the image was taken; the
        motion begins at the ``latest`` measured joints (n,). What is within the limits at full
        speed is then slowed by ``speed_scale``, above 0 and at most 1. ``speeds`` (n,) are those
        that the arm still has [rad/s], None if it stands.
        """
        joints, distance_m = self._solve(action, decided_at, latest)
        checks.check_joint_limits(joints, self._limits)
        duration_s = step_duration_s(distance_m, joints - latest, self._limits)
        checks.check_duration(duration_s, self._limits)
        duration_s /= speed_scale
        if speeds is not None:
            duration_s = self._start.unhurried_s(latest, speeds, joints, duration_s)
        return self._with_jaw(action, joints, duration_s)

    def hold(self, latest: FloatArray) -> Motion:
        """Return the motion that stays at the measured joints (n,).

        The jaw keeps its commanded opening: at the measured one it would let an object go.
        """
        duration_s = max(self._limits.step_period_s, HOLD_S)
        return replace(self._motion(latest, duration_s, duration_s), is_hold=True)

    def home(self, home_rad: FloatArray, latest: FloatArray, speed_scale: float = 1.0) -> Motion:
        """Return a slow motion to ``home_rad`` (n,) with the jaw open, or raise `GateError`."""
        checks.check_joint_limits(home_rad, self._limits)
        slow_s = joint_duration_s(home_rad - latest, self._limits, HOME_SPEED_FRACTION)
        self.opening_m = self._gripper.opening_max_m
        duration_s = max(self._limits.step_period_s, slow_s) / speed_scale
        return self._motion(home_rad, duration_s, max(duration_s, self._gripper.close_time_s))

    def _solve(
        self, action: Action, decided_at: FloatArray, latest: FloatArray
    ) -> tuple[FloatArray, float]:
        try:
            target = self._kinematics.tool_pose(decided_at).moved(action)
            joints = self._kinematics.joints(target, latest)
            here = self._kinematics.tool_pose(latest)
        except KinematicsError as error:
            raise GateError(GateReason.UNREACHABLE, str(error)) from error
        # An arm that stands outside may hold and grip there, and be sent home, but not be steered.
        if np.any(action.displacement_m != 0.0):
            checks.check_workspace(target.position_m, self._limits)
        return joints, float(np.linalg.norm(target.position_m - here.position_m))

    def _with_jaw(self, action: Action, joints: FloatArray, duration_s: float) -> Motion:
        before_m = self._opening_m()
        after_m = self._wanted_opening_m(action, before_m)
        jaw_s = self._gripper.close_time_s if abs(after_m - before_m) > JAW_STILL_M else 0.0
        self.opening_m = after_m
        return self._motion(joints, duration_s, max(duration_s, jaw_s))

    def _wanted_opening_m(self, action: Action, before_m: float) -> float:
        if action.close:
            return 0.0
        return self._gripper.opening_max_m if action.open else before_m

    def _opening_m(self) -> float:
        return self._measured_m if self.opening_m is None else self.opening_m

    def _motion(self, joints: FloatArray, duration_s: float, opening_duration_s: float) -> Motion:
        trajectory = ArmTrajectory(joints[None], np.array([duration_s]), np.zeros((1, len(joints))))
        return Motion(trajectory, self._opening_m(), opening_duration_s)
