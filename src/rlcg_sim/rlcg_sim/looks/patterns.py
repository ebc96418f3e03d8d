# SPDX-License-Identifier: Apache-2.0
"""Patterns made by numbers: plain, gradients, stripes, checks, spots, clouds, in random colours.

RCAN (James et al. 2019) draws from more than 5,000 textures that are not published; these stand in.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rlcg_core.types import ImageArray

FloatArray = npt.NDArray[np.float64]

PATTERNS = 6000
SIDE_PX = 128


@lru_cache(maxsize=512)
def pattern(number: int) -> ImageArray:
    """Return pattern ``number`` of `PATTERNS`, uint8 (128, 128, 3), always the same."""
    rng = np.random.default_rng([number, 77])
    share = _KINDS[number % len(_KINDS)](rng)
    low, high = rng.uniform(0.1, 1.0, (2, 3))
    colours = low + (high - low) * np.clip(share, 0.0, 1.0)[..., None]
    colours *= 1.0 - 0.15 * clouds(rng)[..., None]
    return np.asarray(np.rint(255 * colours), np.uint8)


def clouds(rng: np.random.Generator, side_px: int = SIDE_PX) -> FloatArray:
    """Return smooth noise (side, side) in [0, 1]: four layers, each twice as fine."""
    total = np.zeros((side_px, side_px))
    for layer in range(4):
        total += 0.5**layer * _stretch(rng.random((4 * 2**layer, 4 * 2**layer)), side_px)
    total -= total.min()
    return np.asarray(total / max(float(total.max()), 1e-9))


def _stretch(coarse: FloatArray, side_px: int) -> FloatArray:
    """Return a square array at another size, bilinear and wrapped at its borders."""
    place = np.arange(side_px) * (len(coarse) / side_px)
    low = np.floor(place).astype(int)
    part = place - low
    after = (low + 1) % len(coarse)
    rows = coarse[low] * (1 - part)[:, None] + coarse[after] * part[:, None]
    return np.asarray(rows[:, low] * (1 - part) + rows[:, after] * part)


def _grid() -> tuple[FloatArray, FloatArray]:
    share = np.arange(SIDE_PX) / SIDE_PX
    x, y = np.meshgrid(share, share)
    return x, y


def _plain(rng: np.random.Generator) -> FloatArray:
    return np.full((SIDE_PX, SIDE_PX), rng.random())


def _gradient(rng: np.random.Generator) -> FloatArray:
    x, y = _grid()
    turn = rng.uniform(0, 2 * np.pi)
    return np.asarray(0.5 + (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn))


def _stripes(rng: np.random.Generator) -> FloatArray:
    x, y = _grid()
    along, across = rng.integers(-8, 9, size=2)
    phase = (along * x + across * y + rng.random()) % 1.0
    return np.asarray(phase < rng.uniform(0.2, 0.8), np.float64)


def _checks(rng: np.random.Generator) -> FloatArray:
    x, y = _grid()
    columns, rows = 2 * rng.integers(1, 9, size=2)
    return np.asarray((np.floor(columns * x) + np.floor(rows * y)) % 2)


def _spots(rng: np.random.Generator) -> FloatArray:
    x, y = _grid()
    spots = np.zeros((SIDE_PX, SIDE_PX))
    for _ in range(int(rng.integers(4, 24))):
        cx, cy, radius = rng.random(), rng.random(), rng.uniform(0.03, 0.16)
        away = np.hypot(np.abs(x - cx), np.abs(y - cy))
        spots[away < radius] = rng.random()
    return spots


_KINDS = (clouds, _checks, _stripes, _spots, _gradient, _plain)
