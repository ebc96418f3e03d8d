# SPDX-License-Identifier: Apache-2.0
"""The printed sheet in the tray of `real_proxy`: some sixty flat pictures of objects.

Each is drawn as the camera would see an object there: a shadow, sides, a top. A policy that has
only learned what objects look like in the simulator takes them for some.
"""

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core.types import ImageArray

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PX_PER_M = 1000
PATCHES = 60
CANDIDATES = 10
PAPER_RGB = (214, 208, 196)
# Three inks, each alone: what lies on the sheet has other colours, which can be learned.
INKS_RGB = ((20, 70, 200), (200, 30, 70), (20, 150, 60))
INK_STRENGTH = (0.6, 1.0)
HALF_LENGTH_PX = (28, 54)
HALF_WIDTH_PX = (11, 19)
RISE_PX = (18, 32)
SHADOW, SHADOW_EDGE_PX = 0.55, 12


def draw_sheet(
    rng: np.random.Generator, size_m: tuple[float, float], towards_camera: FloatArray
) -> ImageArray:
    """Return a sheet (h, w, 3) uint8 whose columns run along x and rows along y of the tray.

    ``towards_camera`` (2,): direction in which sides show.
    """
    width, height = (round(PX_PER_M * side) for side in size_m)
    sheet = np.empty((height, width, 3), np.uint8)
    sheet[:] = PAPER_RGB
    for centre in _places(rng, np.array([width, height])):
        _draw_patch(sheet, rng, centre, towards_camera)
    grain = 1.0 + 0.02 * rng.standard_normal((height, width, 1))
    return np.asarray(np.clip(sheet * grain, 0, 255), np.uint8)


def _places(rng: np.random.Generator, size_px: IntArray) -> FloatArray:
    """Return where the patches stand (n, 2), apart, so that most stand free as objects do."""
    places = np.zeros((0, 2))
    for _ in range(PATCHES):
        tries = rng.uniform((0, 0), size_px, (CANDIDATES, 2))
        gaps = np.linalg.norm(tries[:, None] - places[None], axis=2).min(axis=1, initial=1e3)
        places = np.concatenate([places, tries[[int(np.argmax(gaps))]]])
    return places


def _draw_patch(
    sheet: ImageArray, rng: np.random.Generator, centre: FloatArray, towards_camera: FloatArray
) -> None:
    colour = _ink(rng)
    yaw = rng.uniform(0, np.pi)
    rise = rng.uniform(*RISE_PX)
    outlines = [_rectangle(rng, centre, yaw)]
    if rng.random() < 0.6:
        shift = rng.normal(0, 14, size=2)
        outlines.append(_rectangle(rng, centre + shift, yaw + rng.choice((0.0, 0.5)) * np.pi))
    for outline in outlines:
        _shadow(sheet, outline - 0.8 * rise * towards_camera + rng.normal(0, 2, 2))
    for share, shade in ((0.0, 0.55), (0.34, 0.62), (0.67, 0.7), (1.0, 1.0)):
        # The top lies away from the camera, the sides between it and the foot.
        away = -share * rise * towards_camera
        for outline in outlines:
            _fill(sheet, outline + away, shade * colour)


def _ink(rng: np.random.Generator) -> FloatArray:
    """Return a tint (3,) of one of the inks."""
    ink = INKS_RGB[int(rng.integers(len(INKS_RGB)))]
    strength = rng.uniform(*INK_STRENGTH)
    return np.asarray((1 - strength) * np.array(PAPER_RGB) + strength * np.array(ink))


def _rectangle(rng: np.random.Generator, centre: FloatArray, yaw: float) -> FloatArray:
    long, wide = rng.uniform(*HALF_LENGTH_PX), rng.uniform(*HALF_WIDTH_PX)
    along, across = np.array([np.cos(yaw), np.sin(yaw)]), np.array([-np.sin(yaw), np.cos(yaw)])
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([centre + a * long * along + b * wide * across for a, b in signs])


def _fill(sheet: ImageArray, outline: FloatArray, colour: FloatArray) -> None:
    points = np.rint(16 * outline).astype(np.int32)
    cv2.fillPoly(sheet, [points], colour.tolist(), lineType=cv2.LINE_AA, shift=4)


def _shadow(sheet: ImageArray, outline: FloatArray) -> None:
    low = np.floor(outline.min(axis=0)).astype(int) - SHADOW_EDGE_PX
    high = np.ceil(outline.max(axis=0)).astype(int) + SHADOW_EDGE_PX
    low, high = np.maximum(low, 0), np.minimum(high, sheet.shape[1::-1])
    if np.any(low >= high):
        return
    here = sheet[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(here.shape[:2], np.float32)
    cv2.fillPoly(mask, [np.rint(outline - low).astype(np.int32)], 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), SHADOW_EDGE_PX / 3)[..., None]
    here[:] = (here * (1 - (1 - SHADOW) * soft)).astype(np.uint8)
