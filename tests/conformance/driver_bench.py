# SPDX-License-Identifier: Apache-2.0
"""A robot's driver as the gate and the policy see it: topics by the names of a profile."""

import time
from typing import Any

import numpy as np
from ros_bench import RosBench
from sensor_msgs.msg import CameraInfo, Image, JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from rlcg_policy.profile import Profile
from rlcg_ros import qos
from rlcg_ros.conversions import joints_from_msg, stamp_from_s, stamp_to_s
from rlcg_ros.conversions.stamps import duration_from_s

KINDS = {
    "joint_states": JointState,
    "image_raw": Image,
    "camera_info": CameraInfo,
    "joint_trajectory": JointTrajectory,
}


class DriverBench(RosBench):
    """Records what a driver publishes and sends it trajectories."""

    def __init__(self, robot: Profile, simulated: bool) -> None:
        super().__init__()
        self.robot, self.simulated = robot, simulated
        self.joint_names = robot.parameters["joint_names"]
        profiles = {"joint_states": qos.JOINT_STATES_READ, "image_raw": qos.IMAGE_READ}
        for name in ("joint_states", "image_raw", "camera_info"):
            self.listen(KINDS[name], self.topic(name), profiles.get(name, qos.IMAGE_READ))
        self._out = self.node.create_publisher(
            JointTrajectory, self.topic("joint_trajectory"), qos.COMMAND
        )

    def topic(self, name: str) -> str:
        """Return what one of our names is called on this robot."""
        return str(self.robot.topics.get(name, name))

    def messages(self, name: str) -> list[Any]:
        return self.received[self.topic(name)]

    def await_messages(self, name: str, count: int) -> list[Any]:
        """Return the next ``count`` messages of a topic."""
        begin = len(self.messages(name))
        self.until(lambda: len(self.messages(name)) >= begin + count, f"{count} of {name}", 20.0)
        return self.messages(name)[begin : begin + count]

    def joints(self) -> np.ndarray:
        """Return the newest measured joints."""
        return joints_from_msg(self.messages("joint_states")[-1]).pick(self.joint_names)

    def now_s(self) -> float:
        """Return the driver's time: the stamp of its newest joint state."""
        return stamp_to_s(self.messages("joint_states")[-1].header.stamp)

    def path(self) -> tuple[np.ndarray, np.ndarray]:
        """Return times (n,) and joints (n, joints) recorded since `settle`."""
        samples = [joints_from_msg(msg) for msg in self.messages("joint_states")]
        times_s = np.array([sample.stamp_s for sample in samples])
        joints = np.array([sample.pick(self.joint_names) for sample in samples])
        new = np.diff(times_s, prepend=-np.inf) > 0.0  # a state may be told twice
        return times_s[new], joints[new]

    def settle(self) -> None:
        """Wait until the driver listens and the arm rests; forget what was recorded."""
        self.until(self._out.get_subscription_count, "listener on joint_trajectory")
        self.await_messages("joint_states", 2)

        def rests() -> bool:
            recent = self.path()[1][-20:]
            return len(recent) == 20 and bool(np.max(np.abs(recent[-1] - recent[0])) < 1e-3)

        self.until(rests, "rest", 20.0)
        self.messages("joint_states")[:-1] = []

    def trajectory(
        self, targets: np.ndarray, times_s: list[float], start_s: float = 0.0
    ) -> JointTrajectory:
        """Return a trajectory through ``targets`` (n, joints), at rest at the end."""
        msg = JointTrajectory(joint_names=list(self.joint_names))
        if start_s > 0.0:
            msg.header.stamp = stamp_from_s(start_s)
        for joints, time_s in zip(np.atleast_2d(targets), times_s, strict=True):
            point = JointTrajectoryPoint(positions=joints.tolist(), velocities=[0.0] * len(joints))
            point.time_from_start = duration_from_s(time_s)
            msg.points.append(point)
        return msg

    def send(self, msg: JointTrajectory) -> None:
        self._out.publish(msg)

    def stays(self, seconds: float = 0.6) -> bool:
        """Whether the arm does not move for a while."""
        before = self.joints()
        time.sleep(seconds)
        return bool(np.max(np.abs(self.joints() - before)) < 2e-3)
