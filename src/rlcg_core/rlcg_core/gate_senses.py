# SPDX-License-Identifier: Apache-2.0
"""What the gate knows of the robot: joints measured, joints there are, emergency stop, base."""

from contextlib import suppress

import numpy as np
import numpy.typing as npt

from rlcg_core import gate_checks as checks
from rlcg_core.base_watch import BaseWatch
from rlcg_core.emergency_stop import EmergencyStop
from rlcg_core.errors import InputError
from rlcg_core.identity import check_stance, check_tool
from rlcg_core.joint_history import Instant, JointHistory
from rlcg_core.limits import GateLimits
from rlcg_core.types import JointSample

FloatArray = npt.NDArray[np.float64]


class GateSenses:
    """Takes in joint states and the emergency stop; every answer is checked for its age first.

    ``stamp_s``: of the newest joint state, or of older odometry of a mobile base [s, ROS time].
    """

    def __init__(self, limits: GateLimits, gripper_joint: str) -> None:
        self._limits, self._gripper_joint = limits, gripper_joint
        self._history = JointHistory(limits.joint_names)
        self._names_seen: set[str] = set()
        self.estop = EmergencyStop(limits.estop_timeout_s)
        self.base = BaseWatch(limits.max_joint_age_s, limits.max_joint_future_s)

    @property
    def stamp_s(self) -> float:
        """Stamp up to which all is known, NaN before the first joint state [s, ROS time]."""
        if not self._limits.mobile_base:
            return self._history.stamp_s
        return min(self._history.stamp_s, self.base.stamp_s)

    @property
    def newest_rad(self) -> FloatArray:
        """Newest joints (n,), however old; raises `InputError` before the first sample."""
        return self._history.latest_rad

    @property
    def speeds_rad_s(self) -> FloatArray:
        """Newest measured joint speeds (n,), zero where joint states are too rare to tell."""
        return self._history.speeds_rad_s

    def observe(self, sample: JointSample, now: Instant) -> float | None:
        """Take in a sample; return the jaw's measured opening [m] if the sample holds it.

        A bad sample shows at the next check.
        """
        self._names_seen.update(sample.names)
        with suppress(InputError):  # JointHistory keeps the problem, check_joint_state reports it
            self._history.add(sample, now.monotonic_s)
        if self._gripper_joint not in sample.names:
            return None
        return float(sample.pick((self._gripper_joint,))[0])

    def latest(self, now: Instant) -> FloatArray:
        """Return the latest joints (n,); raises `GateError` unless they are there and fresh."""
        return checks.check_joint_state(self._history, now, self._limits)

    def at(self, stamp_s: float) -> FloatArray:
        """Return the joints (n,) measured at ``stamp_s``; raises `GateError` if they were not."""
        return checks.joints_at(self._history, stamp_s, self._limits)

    def check_base(self, now: Instant) -> None:
        """Check that a mobile base stands; raises `GateError`. A fixed one always does."""
        if self._limits.mobile_base:
            self.base.check_still(now)

    def check_robot(self, now: Instant) -> None:
        """Check that the robot is there and is the one that the limits are for.

        Raises:
            GateError: It names what was found and what was expected.
        """
        check_stance(self.latest(now), self._limits)
        check_tool(self._gripper_joint, self._names_seen, self._limits)
        self.check_base(now)
        self.estop.check(now.monotonic_s)
