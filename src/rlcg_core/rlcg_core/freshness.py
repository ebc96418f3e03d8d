# SPDX-License-Identifier: Apache-2.0
"""Whether sensor input may still be acted on: present, fresh on both clocks, not frozen."""

from dataclasses import dataclass

import numpy as np

from rlcg_core.joint_history import Instant
from rlcg_core.observer import SensedImage, SensedJoints
from rlcg_core.reasons import TerminationReason
from rlcg_core.types import ImageArray


@dataclass(frozen=True)
class Problem:
    """Why there must be no motion, for machines and for people."""

    reason: TerminationReason
    text: str


@dataclass(frozen=True)
class FreshnessLimits:
    """Oldest image and joint state by stamp [ROS s]; longest silence by receipt [wall s].

    ``max_skew_s``: how far the joint state may be from the image that it is used with [ROS s].
    """

    max_image_age_s: float = 0.5
    max_state_age_s: float = 0.5
    max_silence_s: float = 0.8
    max_skew_s: float = 0.1


def problem(
    image: SensedImage | None, joints: SensedJoints | None, now: Instant, limits: FreshnessLimits
) -> Problem | None:
    """Return what forbids acting on this input, or None."""
    if image is None or joints is None:
        return _missing(image)
    return _old(image, joints, now, limits) or _skewed(image, joints, limits)


def _missing(image: SensedImage | None) -> Problem:
    if image is None:
        return Problem(
            TerminationReason.NO_IMAGE,
            "no image and camera_info received, expected both on image_raw and camera_info: start "
            "the camera or remap the topics",
        )
    return Problem(
        TerminationReason.NO_JOINT_STATE,
        "no joint states received, expected joint_states: start the robot driver or remap",
    )


def _old(
    image: SensedImage, joints: SensedJoints, now: Instant, limits: FreshnessLimits
) -> Problem | None:
    late = _late(image.stamp_s, image.receipt_s, now, limits.max_image_age_s, limits.max_silence_s)
    if late:
        return Problem(TerminationReason.STALE_IMAGE, f"newest image {late}: check the camera")
    late = _late(
        joints.sample.stamp_s, joints.receipt_s, now, limits.max_state_age_s, limits.max_silence_s
    )
    if late:
        return Problem(
            TerminationReason.STALE_JOINT_STATE, f"newest joint state {late}: check the driver"
        )
    return None


def _skewed(image: SensedImage, joints: SensedJoints, limits: FreshnessLimits) -> Problem | None:
    skew_s = abs(joints.sample.stamp_s - image.stamp_s)
    if skew_s > limits.max_skew_s:
        return Problem(
            TerminationReason.STALE_JOINT_STATE,
            f"joint state nearest to the image is {skew_s:.2f} s away, expected at most "
            f"{limits.max_skew_s:g} s: check the driver's rate and the clocks",
        )
    return None


def _late(
    stamp_s: float, receipt_s: float, now: Instant, max_age_s: float, max_silence_s: float
) -> str:
    """Return how the input misses its limits, or an empty text."""
    age_s, silence_s = now.ros_s - stamp_s, now.monotonic_s - receipt_s
    if age_s > max_age_s:
        return f"is {age_s:.2f} s old by its stamp, expected at most {max_age_s:g} s"
    if age_s < -max_age_s:
        return f"is stamped {-age_s:.2f} s in the future, expected synchronised clocks"
    if silence_s > max_silence_s:
        return f"arrived {silence_s:.2f} s ago, expected at most {max_silence_s:g} s"
    return ""


class FrozenCheck:
    """Finds a camera that repeats its pixels under new stamps while the arm is told to move."""

    def __init__(self, frames: int) -> None:
        """``frames``: so many identical frames in a row are a frozen stream."""
        self._frames = frames
        self._image: ImageArray | None = None
        self._same = 1

    def note(self, image_hwc: ImageArray, moved: bool) -> Problem | None:
        """Take the next frame; ``moved``: a motion was commanded since the one before."""
        identical = self._image is not None and _identical(self._image, image_hwc)
        self._image = image_hwc
        if not identical:
            self._same = 1
        elif moved:
            self._same += 1
        if self._same < self._frames:
            return None
        return Problem(
            TerminationReason.FROZEN_IMAGE,
            f"{self._same} identical images with new stamps while the arm was told to move, "
            "expected changing pixels: restart the camera driver",
        )


def _identical(one: ImageArray, other: ImageArray) -> bool:
    # Pixels of a camera that runs differ within a few rows: the rest need not be looked at.
    return np.array_equal(one[::32], other[::32]) and np.array_equal(one, other)
