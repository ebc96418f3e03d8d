# SPDX-License-Identifier: Apache-2.0
"""visualization_msgs/MarkerArray of a decision: what CEM settled on, and the goal, by colour of Q.

The graph runs all of CEM inside and gives the last fit, not the samples: the ellipsoid is two
standard deviations of that fit around its mean, red for Q = 0 over yellow to green for Q = 1.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import Point, Pose
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from rlcg_core.trace import Trace
from rlcg_core.types import ToolPose
from rlcg_ros.conversions.stamps import duration_from_s, stamp_from_s

FloatArray = npt.NDArray[np.float64]

SHOWN_S = 2.0
SIGMAS = 2.0
THINNEST_M = 0.002
JAW_M = 0.09
UP_M = np.array([0.0, 0.0, 0.05])


def decision_to_markers(trace: Trace, variables: Sequence[str], base_frame: str) -> MarkerArray:
    """Return the markers; ``variables`` names what CEM searches, in order.

    Goals (``goal_x``, ``goal_y``) are places in the base frame, drawn at the height of the goal;
    displacements are drawn from the tool.
    """
    centre_m, spread_m = _fit(trace, list(variables))
    colour = q_colour(trace.decision.q_value)
    shapes = [_ellipsoid(centre_m, spread_m), _text(centre_m, trace.decision.q_value)]
    if trace.decision.goal is not None:
        shapes.append(_jaw(trace.decision.goal))
    for number, marker in enumerate(shapes):
        marker.header.frame_id = base_frame
        marker.header.stamp = stamp_from_s(trace.observation.stamp_s)
        marker.ns, marker.id, marker.action = "cem", number, Marker.ADD
        marker.lifetime, marker.color = duration_from_s(SHOWN_S), colour
    shapes[0].color = ColorRGBA(r=colour.r, g=colour.g, b=colour.b, a=0.4)
    return MarkerArray(markers=shapes)


def q_colour(q_value: float) -> ColorRGBA:
    """Return red for 0, yellow for 0.5, green for 1; grey where there is no Q."""
    if not np.isfinite(q_value):
        return ColorRGBA(r=0.5, g=0.5, b=0.5, a=1.0)
    q = float(np.clip(q_value, 0.0, 1.0))
    return ColorRGBA(r=min(1.0, 2.0 - 2.0 * q), g=min(1.0, 2.0 * q), b=0.0, a=1.0)


def _fit(trace: Trace, names: list[str]) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the fit as a place in the base frame [m]."""
    decision, tool_m = trace.decision, trace.observation.tool_pose.position_m
    goal = decision.goal
    centre_m = np.array(tool_m if goal is None else goal.position_m, np.float64)
    spread_m = np.zeros(3)
    for axis, letter in enumerate("xyz"):
        for name, origin_m in ((f"goal_{letter}", 0.0), (f"displacement_{letter}", tool_m[axis])):
            if name in names and len(decision.cem_mean) == len(names):
                centre_m[axis] = origin_m + decision.cem_mean[names.index(name)]
                spread_m[axis] = decision.cem_std[names.index(name)]
    return centre_m, spread_m


def _ellipsoid(centre_m: FloatArray, spread_m: FloatArray) -> Marker:
    marker = Marker(type=Marker.SPHERE, pose=_at(centre_m))
    size_m = np.maximum(2.0 * SIGMAS * spread_m, THINNEST_M)
    marker.scale.x, marker.scale.y, marker.scale.z = map(float, size_m)
    return marker


def _text(centre_m: FloatArray, q_value: float) -> Marker:
    text = f"Q {q_value:.2f}" if np.isfinite(q_value) else "no Q"
    place_m = centre_m + UP_M
    marker = Marker(type=Marker.TEXT_VIEW_FACING, pose=_at(place_m), text=text)
    marker.scale.z = 0.03
    return marker


def _jaw(goal: ToolPose) -> Marker:
    """Return the line between the fingers at the goal."""
    marker = Marker(type=Marker.LINE_LIST, pose=_at(np.zeros(3)))
    along_m = 0.5 * JAW_M * np.array([-np.sin(goal.yaw_rad), np.cos(goal.yaw_rad), 0.0])
    up_m = goal.position_m + UP_M
    ends_m = [goal.position_m - along_m, goal.position_m + along_m, goal.position_m, up_m]
    marker.points = [_point(end_m) for end_m in ends_m]
    marker.scale.x = 0.004
    return marker


def _at(place_m: FloatArray) -> Pose:
    pose = Pose(position=_point(place_m))
    pose.orientation.w = 1.0
    return pose


def _point(place_m: FloatArray) -> Point:
    x, y, z = map(float, place_m)
    return Point(x=x, y=y, z=z)
