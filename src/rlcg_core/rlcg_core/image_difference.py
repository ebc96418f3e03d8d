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
CHANGED_TILES = 12
# A tile that did by more than this before the drop, and its neighbours, belong to something that
# moves by itself, as an object that was pushed and still rolls: they are not counted.
MOVED_BY = 8.0
# A scene rests when not more than this changes between two pictures a second or so apart.
RESTING_TILES = 1


def changed_tiles(
    before_hwc: ImageArray, after_hwc: ImageArray, earlier_hwc: ImageArray | None = None
) -> int:
    """Return how many tiles differ between two RGB pictures of one shape.

    Tiles that differ between ``earlier_hwc`` and the first already, or lie beside such a tile, are
    left out. Raises `InputError` for pictures of different shapes.
    """
    changed = _change(before_hwc, after_hwc) > CHANGED_BY
    if earlier_hwc is not None:
        changed &= ~_grown(_change(earlier_hwc, before_hwc) > MOVED_BY)
    return int(np.count_nonzero(changed))


def at_rest(earlier_hwc: ImageArray, now_hwc: ImageArray) -> bool:
    """Return whether nothing moves any more; the pictures are a second or so apart."""
    return changed_tiles(earlier_hwc, now_hwc) <= RESTING_TILES


def judge_difference(
    before_hwc: ImageArray, after_hwc: ImageArray, earlier_hwc: ImageArray | None = None
) -> Judgement:
    """Judge by the pictures before and after the drop: success if something moved.

    ``earlier_hwc`` was taken a second or so before the first: what moved then does not count.
    """
    changed = changed_tiles(before_hwc, after_hwc, earlier_hwc)
    outcome = Outcome.SUCCESS if changed >= CHANGED_TILES else Outcome.FAILURE
    text = f"{changed} tiles changed, an object from {CHANGED_TILES} on"
    return Judgement(Source.IMAGE_DIFFERENCE, outcome, text)


def _change(one_hwc: ImageArray, other_hwc: ImageArray) -> FloatArray:
    """Return by how much the colours of each tile changed, without what changed everywhere.

    Exposure and lamps change all tiles alike.
    """
    if one_hwc.shape != other_hwc.shape:
        raise InputError(
            f"pictures are {one_hwc.shape} and {other_hwc.shape}, expected one shape: did the "
            "camera change its size?"
        )
    change = _tiles(other_hwc) - _tiles(one_hwc)
    change -= np.median(change, axis=(0, 1), keepdims=True)
    return np.asarray(np.max(np.abs(change), axis=2))


def _grown(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the mask with the neighbours of its tiles."""
    rows, columns = mask.shape
    padded = np.pad(mask, 1)
    shifted = [padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
    return np.asarray(np.any(shifted, axis=0))


def _tiles(image_hwc: ImageArray) -> FloatArray:
    """Return the mean colours of square tiles, an incomplete last row or column left out."""
    side = max(1, image_hwc.shape[1] // TILES_WIDE)
    rows, columns = image_hwc.shape[0] // side, image_hwc.shape[1] // side
    cut = image_hwc[: rows * side, : columns * side].astype(np.float64)
    means: FloatArray = cut.reshape(rows, side, columns, side, -1).mean(axis=(1, 3))
    return means
