# SPDX-License-Identifier: Apache-2.0
"""JointState and JointTrajectory to and from the core's types; joints are matched by name."""

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from rlcg_core.errors import InputError
from rlcg_core.types import ArmTrajectory, JointSample
from rlcg_ros.conversions.stamps import duration_from_s, stamp_from_s, stamp_to_s

FloatArray = npt.NDArray[np.float64]


def joints_from_msg(msg: JointState) -> JointSample:
    """Return the sample; velocities that a driver leaves out are 0. Raises `InputError`."""
    if len(msg.position) != len(msg.name):
        raise InputError(
            f"joint_states has {len(msg.position)} positions for {len(msg.name)} names, "
            "expected one each: check the robot driver"
        )
    positions = np.array(msg.position, dtype=np.float64)
    whole = len(msg.velocity) == len(msg.name)
    velocities = np.array(msg.velocity, dtype=np.float64) if whole else np.zeros_like(positions)
    return JointSample(tuple(msg.name), positions, velocities, stamp_to_s(msg.header.stamp))


def joints_to_msg(sample: JointSample) -> JointState:
    """Return the message of a sample."""
    msg = JointState(name=list(sample.names))
    msg.header.stamp = stamp_from_s(sample.stamp_s)
    msg.position, msg.velocity = sample.positions.tolist(), sample.velocities.tolist()
    return msg


def trajectory_to_msg(trajectory: ArmTrajectory, joint_names: tuple[str, ...]) -> JointTrajectory:
    """Return the message with stamp 0: it replaces the running trajectory on arrival."""
    msg = JointTrajectory(joint_names=list(joint_names))
    for i, time_s in enumerate(trajectory.times_s):
        point = JointTrajectoryPoint(positions=trajectory.positions[i].tolist())
        if trajectory.velocities is not None:
            point.velocities = trajectory.velocities[i].tolist()
        point.time_from_start = duration_from_s(float(time_s))
        msg.points.append(point)
    return msg


def trajectory_from_msg(
    msg: JointTrajectory, joint_names: tuple[str, ...], now_s: float
) -> ArmTrajectory:
    """Return the trajectory with joints in the order of ``joint_names``; raises `InputError`.

    As joint_trajectory_controller: all joints are needed, stamp 0 means now, points that a stamp
    puts into the past are dropped, and a trajectory wholly in the past is refused.
    """
    if set(msg.joint_names) != set(joint_names) or len(msg.joint_names) != len(joint_names):
        raise InputError(
            f"trajectory is for {list(msg.joint_names)}, expected all of {list(joint_names)}"
        )
    order = [list(msg.joint_names).index(name) for name in joint_names]
    start_s = stamp_to_s(msg.header.stamp)
    offset_s = start_s - now_s if start_s > 0.0 else 0.0
    points = [p for p in msg.points if stamp_to_s(p.time_from_start) + offset_s > 0.0]
    if not points:
        raise InputError(
            f"trajectory of {len(msg.points)} points ends before now ({now_s:.3f} s), "
            "expected at least one point to come"
        )
    times_s = np.array([stamp_to_s(p.time_from_start) + offset_s for p in points])
    positions = _rows([list(p.positions) for p in points], order, "positions")
    whole = all(len(p.velocities) > 0 for p in points)
    velocities = _rows([list(p.velocities) for p in points], order, "velocities") if whole else None
    return ArmTrajectory(positions, times_s, velocities)


def _rows(values: list[list[float]], order: list[int], what: str) -> FloatArray:
    if any(len(row) != len(order) for row in values):
        counts = sorted({len(row) for row in values})
        raise InputError(f"trajectory points have {counts} {what}, expected {len(order)} each")
    return np.array(values, dtype=np.float64)[:, order]
