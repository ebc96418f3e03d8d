# SPDX-License-Identifier: Apache-2.0
"""latency_node: camera, robot and operator of a policy_node whose latency is measured.

Publishes what a resting cell would (pictures that move, joints at home, a gate that is ready),
asks for episodes until the network has decided on ``frames`` frames, and writes a
`rlcg_bench.latency_record.LatencyRecord`. To be run in a namespace of its own: no robot listens.
"""

import sys
import time
from itertools import compress
from pathlib import Path

import numpy as np
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future
from rlcg_msgs.action import Grasp
from rlcg_msgs.msg import GateStatus, GraspCommand
from sensor_msgs.msg import CameraInfo, Image, JointState

from rlcg_bench.latency_parameters import LatencyParameters
from rlcg_bench.latency_record import LatencyRecord
from rlcg_bench.moving_picture import MovingPicture
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import ConfigError, WorldError
from rlcg_core.reasons import GateState, TerminationReason
from rlcg_core.types import JointSample
from rlcg_ros import qos
from rlcg_ros.clocks import now, wall_timer
from rlcg_ros.conversions import (
    camera_to_info,
    image_to_msg,
    joints_to_msg,
    stamp_from_s,
    stamp_to_s,
)
from rlcg_ros.grasp_server import ENDED_BY_ITSELF
from rlcg_ros.parameters import declare
from rlcg_ros.run import complain, run


class LatencyNode(Node):
    """Feeds one policy_node and records what becomes of the frames."""

    def __init__(self) -> None:
        super().__init__("latency_node")
        self._settings = settings = declare(self, LatencyParameters)
        if not settings.record:
            raise ConfigError("record is empty, expected the path of the file to write")
        self.exit_code: int | None = None
        self._picture, self._record = MovingPicture(ROBOT1.camera), LatencyRecord()
        self._published_s: list[float] = []
        self._awaited: dict[int, float] = {}
        self._born_s, self._asked = time.monotonic(), False
        self._image_out = self.create_publisher(Image, "image_raw", qos.IMAGE_PUBLISHED)
        self._info_out = self.create_publisher(CameraInfo, "camera_info", qos.IMAGE_PUBLISHED)
        self._joints_out = self.create_publisher(
            JointState, "joint_states", qos.JOINT_STATES_PUBLISHED
        )
        self._gate_out = self.create_publisher(GateStatus, "gate_status", qos.STATUS)
        self.create_subscription(GraspCommand, "grasp_command", self._on_command, qos.COMMAND)
        self._action = ActionClient(self, Grasp, "policy_node/grasp")

    def begin(self) -> None:
        """Open the gate and start camera and robot."""
        settings = self._settings
        self._gate_out.publish(GateStatus(state=int(GateState.READY)))
        wall_timer(self, 1.0 / settings.joint_rate_hz, self._publish_joints)
        wall_timer(self, 1.0 / settings.image_rate_hz, self._on_image_due)

    def _publish_joints(self) -> None:
        arm, gripper = ROBOT1.arm, ROBOT1.gripper
        positions = np.array([*arm.home_rad, gripper.opening_max_m])
        names = (*arm.joint_names, gripper.joint_name)
        sample = JointSample(names, positions, np.zeros_like(positions), now(self).ros_s)
        self._joints_out.publish(joints_to_msg(sample))

    def _on_image_due(self) -> None:
        image_hwc = self._picture.frame(len(self._published_s))
        stamp_s = round(now(self).ros_s, 3)  # whole milliseconds, by which a command is matched
        image = image_to_msg(image_hwc, stamp_s, ROBOT1.camera.frame_id)
        info = camera_to_info(ROBOT1.camera, stamp_s)
        self._published_s.append(time.monotonic())
        self._awaited[_key(image)] = self._published_s[-1]
        self._image_out.publish(image)
        self._info_out.publish(info)
        if not self._asked:
            self._ask_when_ready()

    def _ask_when_ready(self) -> None:
        if self._action.server_is_ready():
            self._asked = True
            self._ask()
        elif time.monotonic() - self._born_s > self._settings.wait_s:
            self._fail(f"no policy_node/grasp after {self._settings.wait_s:g} s")

    def _ask(self) -> None:
        """Ask for an episode; it begins on a frame that is yet to come."""
        left = self._settings.frames - len(self._record.step_ms)
        goal = Grasp.Goal(max_steps=left, not_before=stamp_from_s(now(self).ros_s))
        self._action.send_goal_async(goal).add_done_callback(self._on_answer)

    def _on_answer(self, future: Future) -> None:
        goal = future.result()
        if goal.accepted:
            goal.get_result_async().add_done_callback(self._on_result)
        else:
            self._fail("policy_node refused a goal")

    def _on_command(self, command: GraspCommand) -> None:
        published_s = self._awaited.pop(_key(command), None)
        if published_s is not None:  # an episode's last hold carries the stamp of one before
            self._record.round_trip_ms.append(1e3 * (time.monotonic() - published_s))

    def _on_result(self, future: Future) -> None:
        result, record = future.result().result, self._record
        reason = TerminationReason(result.termination_reason)
        if reason not in ENDED_BY_ITSELF or result.steps == 0:
            self._fail(f"an episode ended by {reason.name}: {result.text}")
            return
        record.step_ms += compress(result.step_ms, result.network_ran)
        record.run_ms += compress(result.run_ms, result.network_ran)
        record.image_to_command_ms += compress(result.image_to_command_ms, result.network_ran)
        record.episodes += 1
        if len(record.step_ms) < self._settings.frames:
            self._ask()
            return
        span_s = self._published_s[-1] - self._published_s[0]
        record.image_rate_hz = (len(self._published_s) - 1) / span_s
        record.write(Path(self._settings.record))
        self.exit_code = 0

    def _fail(self, text: str) -> None:
        self.exit_code = complain(WorldError(f"{text}: see the output of policy_node"))


def _key(msg: Image | GraspCommand) -> int:
    return round(1e3 * stamp_to_s(msg.header.stamp))


def main() -> None:
    """Run the node."""
    sys.exit(run(LatencyNode))


if __name__ == "__main__":
    main()
