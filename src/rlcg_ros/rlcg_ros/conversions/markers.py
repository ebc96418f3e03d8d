# SPDX-License-Identifier: Apache-2.0
"""visualization_msgs/MarkerArray of a decision: what CEM settled on, and the goal, by colour of Q.

The ellipsoid is two standard deviations of the last fit around its mean, red for Q = 0 over yellow
to green for Q = 1. The samples, which cost another search: `rlcg_ros.conversions.sample_markers`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import Point, Pose
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from rlcg_core import reach
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
    displacements are drawn from the tool, and `rlcg_core.reach` where a move leads.
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
    mean, std = trace.decision.cem_mean, trace.decision.cem_std
    fits = len(mean) == len(names)
    rows = np.stack([mean, mean - std, mean + std]) if fits else np.zeros((3, 0))
    centre_m, low_m, high_m = places(rows, trace, names)
    return centre_m, 0.5 * (high_m - low_m)


def places(values: FloatArray, trace: Trace, names: Sequence[str]) -> FloatArray:
    """Return where samples (n, variables) lie in the base frame [m], shape (n, 3).

    What they do not say is that of the goal, or of the tool where there is no goal.
    """
    if values.shape[1] and tuple(names) == reach.VARIABLES:
        return reached(values, trace)[:, :3]
    goal, tool_m = trace.decision.goal, trace.observation.tool_pose.position_m
    found_m = np.tile(np.array(tool_m if goal is None else goal.position_m), (len(values), 1))
    for axis, column, origin_m in _columns(trace, names if values.shape[1] else []):
        found_m[:, axis] = origin_m + values[:, column]
    return found_m


def reached(samples: FloatArray, trace: Trace) -> FloatArray:
    """Return where samples (n, 4) of the ``reach`` profile lead (n, 4): x, y, z [m], yaw [rad]."""
    observation = trace.observation
    tool, height_m = observation.tool_pose, observation.height_above_tray_m
    found = reach.targets(samples, [*tool.position_m[:2], height_m, tool.yaw_rad])
    found[:, 2] += tool.position_m[2] - height_m
    return found


def _columns(trace: Trace, names: Sequence[str]) -> list[tuple[int, int, float]]:
    """Return axis, column and origin [m] of each variable that is a place or a displacement."""
    tool_m = trace.observation.tool_pose.position_m
    origins_m = {f"goal_{letter}": (axis, 0.0) for axis, letter in enumerate("xyz")}
    for axis, letter in enumerate("xyz"):
        origins_m[f"displacement_{letter}"] = (axis, float(tool_m[axis]))
    return [(origins_m[n][0], k, origins_m[n][1]) for k, n in enumerate(names) if n in origins_m]


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
    marker = line_list(0.004)
    along_m = 0.5 * JAW_M * np.array([-np.sin(goal.yaw_rad), np.cos(goal.yaw_rad), 0.0])
    up_m = goal.position_m + UP_M
    ends_m = [goal.position_m - along_m, goal.position_m + along_m, goal.position_m, up_m]
    marker.points = [point(end_m) for end_m in ends_m]
    return marker


def line_list(width_m: float) -> Marker:
    """Return an empty list of lines in the frame of the marker."""
    marker = Marker(type=Marker.LINE_LIST, action=Marker.ADD, pose=_at(np.zeros(3)))
    marker.scale.x = width_m
    return marker


def _at(place_m: FloatArray) -> Pose:
    pose = Pose(position=point(place_m))
    pose.orientation.w = 1.0
    return pose


def point(place_m: FloatArray) -> Point:
    """Return a place (3,) [m] as a message."""
    x, y, z = map(float, place_m)
    return Point(x=x, y=y, z=z)
