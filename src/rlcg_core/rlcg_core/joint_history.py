# SPDX-License-Identifier: Apache-2.0
"""The recent past of the measured joints, to look up where the arm was when an image was taken."""

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import InputError
from rlcg_core.types import JointSample

FloatArray = npt.NDArray[np.float64]

# Speeds are differences of samples that are so far apart; what is farther tells nothing of now.
SPEED_FROM_S, SPEED_UP_TO_S = 0.015, 0.1


@dataclass(frozen=True)
class Instant:
    """One moment on both clocks: ROS time (simulated or real) and this machine's monotonic time."""

    ros_s: float
    monotonic_s: float


class JointHistory:
    """Arm joint positions over the last moments, by stamp.

    ``receipt_s``: monotonic arrival time of the newest sample, NaN before the first one.
    ``problem``: what is wrong with the newest message that should have held these joints, or "".
    ``others``: joint names of a message that held none of these joints.
    """

    def __init__(self, joint_names: tuple[str, ...], length: int = 256) -> None:
        self._names = joint_names
        self._samples: deque[tuple[float, FloatArray]] = deque(maxlen=length)
        self.receipt_s = float("nan")
        self.problem = ""
        self.others: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def stamp_s(self) -> float:
        """Stamp of the newest sample [s, ROS time]."""
        return self._samples[-1][0] if self._samples else float("nan")

    @property
    def latest_rad(self) -> FloatArray:
        """Newest positions (n,); raises `InputError` before the first sample."""
        if not self._samples:
            raise InputError(
                f"no joint_states with {list(self._names)} so far: {self.problem or 'none arrived'}"
            )
        return self._samples[-1][1]

    @property
    def speeds_rad_s(self) -> FloatArray:
        """Speeds (n,) of the newest samples, zero where they are too far apart to tell.

        Not those of the messages, which many drivers leave out.
        """
        newest_s, newest = self._samples[-1] if self._samples else (0.0, np.zeros(len(self._names)))
        for stamp_s, positions in reversed(self._samples):
            if SPEED_FROM_S <= newest_s - stamp_s <= SPEED_UP_TO_S:
                return np.asarray((newest - positions) / (newest_s - stamp_s))
        return np.zeros_like(newest)

    def add(self, sample: JointSample, receipt_s: float) -> None:
        """Keep a sample; raises `InputError` for missing joints or non-finite positions.

        ``receipt_s`` is the monotonic time of its arrival. Samples of other joints alone, such as
        those of a gripper's own driver, are passed over. A stamp that goes back by more than the
        gap of two samples means that the clock was restarted: what was known is forgotten.
        """
        if not set(self._names) & set(sample.names):
            self.others = sample.names
            return
        positions = self._checked(sample)
        if self._samples and sample.stamp_s < self.stamp_s:
            self._samples.clear()
        if self._samples and sample.stamp_s == self.stamp_s:
            self._samples.pop()
        self._samples.append((sample.stamp_s, positions))
        self.receipt_s, self.problem = receipt_s, ""

    def at(self, stamp_s: float, max_gap_s: float) -> FloatArray:
        """Return positions (n,) at ``stamp_s``, interpolated between the neighbouring samples.

        Raises `InputError` when the stamp lies further than ``max_gap_s`` from what was measured.
        """
        latest = self.latest_rad
        stamps = np.array([stamp for stamp, _ in self._samples])
        after = int(np.searchsorted(stamps, stamp_s))
        if after == len(stamps):
            self._check_gap(stamp_s, float(stamps[-1]), max_gap_s)
            return latest
        if after == 0 or stamps[after] == stamp_s:
            self._check_gap(stamp_s, float(stamps[after]), max_gap_s)
            return self._samples[after][1]
        return self._between(after, stamp_s, max_gap_s)

    def _between(self, after: int, stamp_s: float, max_gap_s: float) -> FloatArray:
        (start_s, start), (end_s, end) = self._samples[after - 1], self._samples[after]
        nearest_s = start_s if stamp_s - start_s < end_s - stamp_s else end_s
        self._check_gap(stamp_s, nearest_s, max_gap_s)
        phase = (stamp_s - start_s) / (end_s - start_s)
        return np.asarray(start + phase * (end - start))

    def _check_gap(self, stamp_s: float, nearest_s: float, max_gap_s: float) -> None:
        if abs(stamp_s - nearest_s) > max_gap_s:
            raise InputError(
                f"no joint state measured at {stamp_s:.3f} s: the nearest is of {nearest_s:.3f} s, "
                f"expected within {max_gap_s:g} s; joint_states is too slow, or its clock differs"
            )

    def _checked(self, sample: JointSample) -> FloatArray:
        try:
            positions = sample.pick(self._names)
        except InputError as error:
            self.problem = str(error)
            raise
        if not np.all(np.isfinite(positions)) or not np.isfinite(sample.stamp_s):
            self.problem = f"joint_states has non-finite positions {positions.tolist()}"
            raise InputError(f"{self.problem}: check the robot driver")
        return positions
