# SPDX-License-Identifier: Apache-2.0
"""snapshot_node: on `~/save`, the picture and the joints of this moment as files, to calibrate by.

It moves nothing: an operator leads the arm. Without joint_states pictures are saved alone, which is
enough for the lens. Parameters: `rlcg_policy.snapshot_parameters`.
"""

import sys
import time
from pathlib import Path

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_srvs.srv import Trigger

from rlcg_core.errors import InputError, RlcgError
from rlcg_core.types import JointSample
from rlcg_policy.calibrate.snapshots import Snapshot, write_snapshot
from rlcg_policy.calibrate.stillness import Stillness
from rlcg_policy.snapshot_parameters import SnapshotParameters
from rlcg_ros import qos
from rlcg_ros.conversions import image_from_msg, joints_from_msg, stamp_to_s
from rlcg_ros.parameters import declare
from rlcg_ros.run import run

FRESH_S = 1.0


class SnapshotNode(Node):  # type: ignore[misc]  # rclpy has no types
    """Saves what camera and joints say together."""

    def __init__(self) -> None:
        super().__init__("snapshot_node")
        self._folder = Path(declare(self, SnapshotParameters).folder).expanduser()
        self._image, self._image_at_s = Image(), float("-inf")
        self._info, self._stillness, self._joints_seen = CameraInfo(), Stillness(), False

    def begin(self) -> None:
        """Listen."""
        self.create_subscription(Image, "image_raw", self._on_image, qos.IMAGE_READ)
        self.create_subscription(CameraInfo, "camera_info", self._on_info, qos.IMAGE_READ)
        self.create_subscription(JointState, "joint_states", self._on_joints, qos.JOINT_STATES_READ)
        self.create_service(Trigger, "~/save", self._on_save)
        self.get_logger().info(f"saves to {self._folder.resolve()} when ~/save is called")

    def _on_image(self, msg: Image) -> None:
        self._image, self._image_at_s = msg, time.monotonic()

    def _on_info(self, msg: CameraInfo) -> None:
        self._info = msg

    def _on_joints(self, msg: JointState) -> None:
        self._joints_seen = True
        try:
            self._stillness.note(joints_from_msg(msg))
        except InputError as error:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _on_save(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            picture = self._save()
        except RlcgError as error:
            response.success, response.message = False, str(error)
            return response
        alone = "" if self._joints_seen else " without joints: no joint_states arrived"
        response.success, response.message = True, f"{picture}{alone}"
        return response

    def _save(self) -> Path:
        age_s = time.monotonic() - self._image_at_s
        if age_s > FRESH_S:
            raise InputError(
                f"newest image is {age_s:.1f} s old, expected at most {FRESH_S:g} s: start the "
                "camera, or remap image_raw"
            )
        size, told = (self._image.width, self._image.height), (self._info.width, self._info.height)
        if self._info.width and size != told:
            raise InputError(f"image is {size} px, camera_info says {told}: is it one camera?")
        stamp_s = stamp_to_s(self._image.header.stamp)
        none = JointSample((), np.zeros(0), np.zeros(0), stamp_s)
        joints = self._stillness.at(stamp_s) if self._joints_seen else none
        image_hwc, info = image_from_msg(self._image), self._info
        snapshot = Snapshot(
            stamp_s,
            joints.names,
            tuple(joints.positions.tolist()),
            *size,
            tuple(info.k.tolist()),
            tuple(info.d),
        )
        return write_snapshot(self._folder, image_hwc, snapshot)


def main() -> None:
    """Run the node."""
    sys.exit(run(SnapshotNode))


if __name__ == "__main__":
    main()
