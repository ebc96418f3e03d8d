# SPDX-License-Identifier: Apache-2.0
"""Does Q tell the chance of success? Predicted values against what came of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rlcg_core.statistics import wilson_interval

BINS = 10


@dataclass(frozen=True)
class QBin:
    """The trials whose Q lay in [low, high): how many, their mean Q, and how many succeeded."""

    low: float
    high: float
    n: int
    mean_q: float
    successes: int

    @property
    def rate(self) -> float:
        """Share that succeeded."""
        return self.successes / self.n

    @property
    def interval_95(self) -> tuple[float, float]:
        """Wilson interval of the share."""
        return wilson_interval(self.successes, self.n)


@dataclass(frozen=True)
class QCalibration:
    """Filled bins in order; Brier score and expected calibration error, None for no trial."""

    bins: tuple[QBin, ...]
    brier: float | None
    expected_error: float | None


def calibrate(predicted: Sequence[tuple[float, bool]], bins: int = BINS) -> QCalibration:
    """Return the calibration of (Q, success) pairs; pairs whose Q is no number are left out.

    Brier (1950): mean of (Q - success)^2. Expected error: mean over trials of the gap between
    their bin's mean Q and its rate. Q of 1 and more belongs to the last bin.
    """
    pairs = [(q, success) for q, success in predicted if math.isfinite(q)]
    if not pairs:
        return QCalibration((), None, None)
    inside: dict[int, list[tuple[float, bool]]] = {}
    for q, success in pairs:
        number = min(max(int(q * bins), 0), bins - 1)
        inside.setdefault(number, []).append((q, success))
    filled = tuple(_bin(inside[number], number, bins) for number in sorted(inside))
    brier = sum((q - success) ** 2 for q, success in pairs) / len(pairs)
    gap = sum(one.n * abs(one.mean_q - one.rate) for one in filled) / len(pairs)
    return QCalibration(filled, brier, gap)


def _bin(pairs: Sequence[tuple[float, bool]], number: int, bins: int) -> QBin:
    mean_q = sum(q for q, _ in pairs) / len(pairs)
    successes = sum(success for _, success in pairs)
    return QBin(number / bins, (number + 1) / bins, len(pairs), mean_q, successes)
