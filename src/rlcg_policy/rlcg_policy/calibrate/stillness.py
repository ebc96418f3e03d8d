# SPDX-License-Identifier: Apache-2.0
"""Whether the arm stood still around the time of a picture."""

from collections import deque

import numpy as np

from rlcg_core.errors import InputError
from rlcg_core.types import JointSample

WINDOW_S = 0.5
MOST_RAD = 0.001
KEPT = 1024


class Stillness:
    """Keeps the joint states of the last moments."""

    def __init__(self) -> None:
        self._samples: deque[JointSample] = deque(maxlen=KEPT)

    def note(self, sample: JointSample) -> None:
        """Take in a joint state; one with other joints, or of an earlier time, begins anew."""
        newest = self._samples[-1] if self._samples else None
        if newest and (newest.names != sample.names or sample.stamp_s < newest.stamp_s):
            self._samples.clear()
        self._samples.append(sample)

    def at(self, stamp_s: float) -> JointSample:
        """Return the joint state nearest to a picture's stamp.

        Raises:
            InputError: There is none, or the joints moved in the half second before or since.
        """
        since_s = stamp_s - WINDOW_S
        around = [sample for sample in self._samples if sample.stamp_s >= since_s]
        if not around or around[0] is self._samples[0] or around[-1].stamp_s < stamp_s - 0.1:
            raise InputError(
                f"joint_states do not cover the {WINDOW_S:g} s before the picture: is the robot's "
                "driver running, and are its clock and the camera's the same? then try again"
            )
        positions = np.array([sample.positions for sample in around])
        moved_rad = float(np.max(np.ptp(positions, axis=0)))
        if not moved_rad <= MOST_RAD:
            raise InputError(
                f"a joint moved by {moved_rad:.4f} rad around the picture, expected at most "
                f"{MOST_RAD:g}: wait until the arm stands still"
            )
        return min(around, key=lambda sample: abs(sample.stamp_s - stamp_s))
