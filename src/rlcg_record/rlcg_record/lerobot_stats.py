# SPDX-License-Identifier: Apache-2.0
"""meta/stats.json of LeRobot's format: extremes, mean and deviation of every feature."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rlcg_core.types import ImageArray
from rlcg_record.lerobot_schema import IMAGE

FloatArray = npt.NDArray[np.float64]


class _Running:
    """Extremes and moments of values that come in parts of shape (n, width)."""

    def __init__(self, width: int) -> None:
        self.count = 0
        self.low, self.high = np.full(width, np.inf), np.full(width, -np.inf)
        self.sums, self.squares = np.zeros(width), np.zeros(width)

    def add(self, values: FloatArray) -> None:
        self.count += len(values)
        self.low = np.minimum(self.low, values.min(axis=0))
        self.high = np.maximum(self.high, values.max(axis=0))
        self.sums += values.sum(axis=0)
        self.squares += np.square(values).sum(axis=0)

    def plain(self, shape: Sequence[int], count: int) -> dict[str, Any]:
        mean = self.sums / self.count
        deviation = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0.0))
        named = {"min": self.low, "max": self.high, "mean": mean, "std": deviation}
        return {
            **{name: value.reshape(shape).tolist() for name, value in named.items()},
            "count": [count],
        }


class Stats:
    """Collects the statistics episode by episode; numbers that are not finite are left out."""

    def __init__(self) -> None:
        self._found: dict[str, _Running] = {}
        self._frames = 0

    def add(self, rows: Sequence[Mapping[str, Any]], images: Sequence[ImageArray]) -> None:
        """Take an episode: its rows, and its pictures (height, width, 3) uint8."""
        self._frames += len(rows)
        for name in rows[0]:
            if name == IMAGE:
                continue
            values = np.array([np.ravel(row[name]) for row in rows], np.float64)
            finite = values[np.isfinite(values).all(axis=1)]
            if len(finite):
                self._found.setdefault(name, _Running(finite.shape[1])).add(finite)
        for image in images:
            pixels = image.reshape(-1, image.shape[-1]) / 255.0
            self._found.setdefault(IMAGE, _Running(image.shape[-1])).add(pixels)

    def plain(self) -> dict[str, Any]:
        """Return stats.json; of pictures per channel in [0, 1], shape (3, 1, 1)."""
        return {
            name: item.plain((-1, 1, 1), self._frames)
            if name == IMAGE
            else item.plain((-1,), item.count)
            for name, item in self._found.items()
        }
