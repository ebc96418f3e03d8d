# SPDX-License-Identifier: Apache-2.0
"""Did something fall? Two pictures, before and after the jaw was opened, arm at the same place.

After QT-Opt (Kalashnikov et al. 2018), which labels real grasps by a difference of pictures made
when the object is dropped; its thresholds are not published. In both pictures the jaw is closed,
so that an empty jaw leaves no difference, whatever the robot looks like.
"""

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import InputError
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import Outcome
from rlcg_core.types import ImageArray

FloatArray = npt.NDArray[np.float64]

# The picture is compared as this many tiles side by side, each the mean of its pixels: that
# averages sensor noise away and forgives an arm or an object that creeps by a pixel.
TILES_WIDE = 64
# A tile changed when one of its colours did by more than this [0..255].
CHANGED_BY = 20.0
# So many changed tiles, of 3,264 at 4:5, are an object. Measured in simulation: docs/evaluation.md.
CHANGED_TILES = 8
# A scene rests when not more than this changes between two pictures a second or so apart.
RESTING_TILES = 1


def changed_tiles(before_hwc: ImageArray, after_hwc: ImageArray) -> int:
    """Return how many tiles differ between two RGB pictures of one shape.

    A change of all tiles alike (exposure, lamps) is taken off first. Raises `InputError` for
    pictures of different shapes.
    """
    if before_hwc.shape != after_hwc.shape:
        raise InputError(
            f"pictures are {before_hwc.shape} and {after_hwc.shape}, expected one shape: did the "
            "camera change its size?"
        )
    change = _tiles(after_hwc) - _tiles(before_hwc)
    change -= np.median(change, axis=(0, 1), keepdims=True)
    return int(np.count_nonzero(np.max(np.abs(change), axis=2) > CHANGED_BY))


def at_rest(earlier_hwc: ImageArray, now_hwc: ImageArray) -> bool:
    """Return whether nothing moves any more; the pictures are a second or so apart."""
    return changed_tiles(earlier_hwc, now_hwc) <= RESTING_TILES


def judge_difference(before_hwc: ImageArray, after_hwc: ImageArray) -> Judgement:
    """Judge by the pictures before and after the drop: success if something moved."""
    changed = changed_tiles(before_hwc, after_hwc)
    outcome = Outcome.SUCCESS if changed >= CHANGED_TILES else Outcome.FAILURE
    text = f"{changed} tiles changed, an object from {CHANGED_TILES} on"
    return Judgement(Source.IMAGE_DIFFERENCE, outcome, text)


def _tiles(image_hwc: ImageArray) -> FloatArray:
    """Return the mean colours of square tiles, an incomplete last row or column left out."""
    side = max(1, image_hwc.shape[1] // TILES_WIDE)
    rows, columns = image_hwc.shape[0] // side, image_hwc.shape[1] // side
    cut = image_hwc[: rows * side, : columns * side].astype(np.float64)
    means: FloatArray = cut.reshape(rows, side, columns, side, -1).mean(axis=(1, 3))
    return means
