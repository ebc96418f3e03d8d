# SPDX-License-Identifier: Apache-2.0
"""Whether something grows: the Theil-Sen slope, held against a limit per hour.

The slope is the median of the slopes between every two samples (Sen 1968, J. Am. Stat. Assoc.
63:1379-1389): up to 29% of the samples may be outliers, as the peaks of a garbage collector are.
Only samples of one segment, one life of a process, are compared with each other.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
MOST_POINTS = 800


@dataclass(frozen=True)
class Series:
    """Something over time. ``hours``, ``values`` and ``segments``: (n,), in order of time."""

    hours: FloatArray
    values: FloatArray
    segments: npt.NDArray[np.int64]

    @property
    def span_h(self) -> float:
        """The longest segment [h]."""
        spans = [np.ptp(self.hours[self.segments == one]) for one in np.unique(self.segments)]
        return float(max(spans, default=0.0))


@dataclass(frozen=True)
class Limit:
    """What counts as growth: more than ``per_hour``, and more than ``floor`` within the soak.

    The floor is what one cannot tell from noise, however steep it looks in a short time.
    """

    per_hour: float
    floor: float

    def seen_from(self, span_h: float) -> float:
        """Return the least growth per hour that a soak of this length can tell."""
        return max(self.per_hour, self.floor / span_h) if span_h > 0.0 else float("inf")


def slope_per_hour(series: Series) -> float | None:
    """Return the Theil-Sen slope, None where no two samples can be compared."""
    thin = _thinned(series)
    early, late = np.triu_indices(len(thin.hours), k=1)
    apart_h = thin.hours[late] - thin.hours[early]
    usable = (thin.segments[early] == thin.segments[late]) & (apart_h > 0.0)
    if not np.any(usable):
        return None
    rise = thin.values[late] - thin.values[early]
    return float(np.median(rise[usable] / apart_h[usable]))


def _thinned(series: Series) -> Series:
    """Return at most about 800 points: medians of neighbours, for the pairs grow as the square."""
    share = -(-len(series.hours) // MOST_POINTS)
    if share <= 1:
        return series
    groups = [
        where[start : start + share]
        for where in (np.flatnonzero(series.segments == one) for one in np.unique(series.segments))
        for start in range(0, len(where), share)
    ]
    return Series(
        np.array([np.median(series.hours[group]) for group in groups]),
        np.array([np.median(series.values[group]) for group in groups]),
        np.array([series.segments[group[0]] for group in groups]),
    )
