# SPDX-License-Identifier: Apache-2.0
"""Table tops of wood or cloth, and labels on the objects."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rlcg_core.types import ImageArray
from rlcg_sim.looks.patterns import clouds

FloatArray = npt.NDArray[np.float64]

TABLE_PX, LABEL_PX = 512, 64
WOODS = ((0.55, 0.36, 0.20), (0.70, 0.52, 0.33), (0.36, 0.24, 0.16), (0.48, 0.46, 0.42))


@lru_cache(maxsize=8)
def wood(number: int) -> ImageArray:
    """Return table top ``number``, uint8 (512, 512, 3): planks with grain."""
    rng = np.random.default_rng([42, number])
    planks = 1.0 - 0.2 * np.repeat(rng.random(16), TABLE_PX // 16)[:, None]
    stretched = clouds(rng, TABLE_PX)
    rows = np.arange(TABLE_PX)[:, None]
    grain = 0.5 + 0.5 * np.sin(0.35 * rows + 9 * stretched)
    shade = planks * (0.82 + 0.12 * grain + 0.06 * rng.random((TABLE_PX, TABLE_PX)))
    colour = np.array(WOODS[number % len(WOODS)])
    return np.asarray(np.clip(255 * shade[..., None] * colour, 0, 255), np.uint8)


@lru_cache(maxsize=400)
def label(number: int) -> ImageArray:
    """Return label ``number``, uint8 (64, 64, 3): a band with lines as of writing, and wear."""
    rng = np.random.default_rng([43, number])
    print_hw = np.ones((LABEL_PX, LABEL_PX, 3))
    top, deep = int(rng.integers(LABEL_PX)), int(rng.integers(8, 28))
    rows = np.arange(top, top + deep) % LABEL_PX
    print_hw[rows] = rng.uniform(0.3, 1.0, size=3)
    for row in rows[2::5]:
        print_hw[row, : int(rng.integers(20, LABEL_PX))] *= 0.4
    worn = print_hw * (1.0 - 0.2 * clouds(rng, LABEL_PX)[..., None])
    return np.asarray(np.rint(255 * worn), np.uint8)
