# SPDX-License-Identifier: Apache-2.0
"""When an ended episode may be reported: once a newer frame shows that its last command was done.

Whoever hears of the end may reset the world at once; the last command must not come after that.
"""

import math

from rlcg_core.grasp_loop import End
from rlcg_core.joint_history import Instant
from rlcg_core.observer import SensedImage

SETTLE_S = 1.0


class Settling:
    """Waits for a frame newer than the newest one at the end, at most `SETTLE_S` of wall time."""

    def __init__(self, end: End, image: SensedImage | None, now: Instant) -> None:
        """``image``: the newest frame when the last command was sent."""
        self.end = end
        self._shown_s = -math.inf if image is None else image.stamp_s
        self._until_s = now.monotonic_s + SETTLE_S

    def over(self, image: SensedImage | None, now: Instant) -> bool:
        """Whether the result may go out; ``image``: the newest frame."""
        newer = image is not None and image.stamp_s > self._shown_s
        return newer or now.monotonic_s > self._until_s
