# SPDX-License-Identifier: Apache-2.0
"""A result waits for the frame that shows the last command, but not for ever."""

import numpy as np

from rlcg_core.grasp_loop import End
from rlcg_core.joint_history import Instant
from rlcg_core.observer import SensedImage
from rlcg_core.reasons import TerminationReason
from rlcg_core.settling import SETTLE_S, Settling

END = End(TerminationReason.POLICY_TERMINATED, "", 3, 0.9, None)


def frame(stamp_s: float) -> SensedImage:
    return SensedImage(np.zeros((1, 1, 3), np.uint8), np.zeros((3, 4)), stamp_s, 0.0)


def test_a_newer_frame_ends_the_wait_and_a_repeated_one_does_not() -> None:
    settling = Settling(END, frame(5.0), Instant(5.0, 100.0))
    assert not settling.over(frame(5.0), Instant(5.0, 100.1))
    assert settling.over(frame(5.3), Instant(5.3, 100.2))


def test_without_frames_the_wait_has_an_end() -> None:
    for image in (None, frame(5.0)):
        settling = Settling(END, image, Instant(5.0, 100.0))
        assert not settling.over(image, Instant(5.0, 100.0 + 0.9 * SETTLE_S))
        assert settling.over(image, Instant(5.0, 100.1 + SETTLE_S))
