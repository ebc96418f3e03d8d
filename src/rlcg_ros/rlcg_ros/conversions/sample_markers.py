# SPDX-License-Identifier: Apache-2.0
"""visualization_msgs/MarkerArray of the samples that CEM drew, each in the colour of its Q.

A sample is a short line between the fingers as they would stand there; a marker for each iteration.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from visualization_msgs.msg import Marker, MarkerArray

from rlcg_core import reach
from rlcg_core.cem import ScoredSamples
from rlcg_core.trace import Trace
from rlcg_ros.conversions.markers import SHOWN_S, line_list, places, point, q_colour, reached
from rlcg_ros.conversions.stamps import duration_from_s, stamp_from_s

FloatArray = npt.NDArray[np.float64]

LENGTH_M, WIDTH_M = 0.02, 0.002


def samples_to_markers(
    drawn: ScoredSamples, trace: Trace, variables: Sequence[str], base_frame: str
) -> MarkerArray:
    """Return a marker for each iteration; ``variables`` names what CEM searches, in order."""
    markers = [
        _iteration(samples, q_values, trace, list(variables))
        for samples, q_values in zip(drawn.samples, drawn.q_values, strict=True)
    ]
    for number, marker in enumerate(markers):
        marker.header.frame_id = base_frame
        marker.header.stamp = stamp_from_s(trace.observation.stamp_s)
        marker.ns, marker.id = f"iteration {number + 1}", number
        marker.lifetime = duration_from_s(SHOWN_S)
    return MarkerArray(markers=markers)


def _iteration(samples: FloatArray, q_values: FloatArray, trace: Trace, names: list[str]) -> Marker:
    marker = line_list(WIDTH_M)
    yaws_rad = _yaws(samples, trace, names)
    along_m = np.stack([-np.sin(yaws_rad), np.cos(yaws_rad), np.zeros_like(yaws_rad)], axis=1)
    centres_m = places(samples, trace, names)
    for centre_m, half_m, q in zip(centres_m, 0.5 * LENGTH_M * along_m, q_values, strict=True):
        colour = q_colour(float(q))
        marker.points += [point(centre_m - half_m), point(centre_m + half_m)]
        marker.colors += [colour, colour]
    return marker


def _yaws(samples: FloatArray, trace: Trace, names: list[str]) -> FloatArray:
    """Return the yaw of each sample in the base frame [rad]; the tool's where it says none."""
    if tuple(names) == reach.VARIABLES:
        return reached(samples, trace)[:, 3]
    tool_rad = trace.observation.tool_pose.yaw_rad
    for name, origin_rad in (("goal_yaw", 0.0), ("yaw_change", tool_rad)):
        if name in names:
            return np.asarray(origin_rad + samples[:, names.index(name)], np.float64)
    return np.full(len(samples), tool_rad)
