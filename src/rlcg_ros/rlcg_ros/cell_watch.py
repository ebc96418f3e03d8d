# SPDX-License-Identifier: Apache-2.0
"""What an onlooker keeps of a cell: frames of the running attempt, joints, state of the gate."""

import numpy as np
from rclpy.node import Node
from rlcg_msgs.msg import GateStatus
from sensor_msgs.msg import Image, JointState

from rlcg_core.cell import ArmDescription
from rlcg_core.errors import InputError
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import ImageArray, JointSample
from rlcg_ros import qos
from rlcg_ros.conversions import image_from_msg, joints_from_msg, stamp_to_s

FRAMES_KEPT = 24
HOME_TOLERANCE_RAD = 0.03


class CellWatch:
    """Subscribes to ``image_raw``, ``joint_states`` and ``gate_status``.

    ``image_stamp_s``: stamp of the newest image, -inf before the first. ``image``: the newest one
    that could be read, at half the camera's size, ``joints`` the newest joint state.
    """

    def __init__(self, node: Node, prefix: str = "") -> None:
        """``prefix``: the robot's namespace with a slash, or empty."""
        self.image_stamp_s = float("-inf")
        self.image: ImageArray | None = None
        self._frames: list[ImageArray] = []
        self._stride, self._seen = 1, 0
        self.joints: JointSample | None = None
        self._gate: GateStatus | None = None
        node.create_subscription(Image, f"{prefix}image_raw", self._take_image, qos.IMAGE_READ)
        node.create_subscription(
            JointState, f"{prefix}joint_states", self._take_joints, qos.JOINT_STATES_READ
        )
        node.create_subscription(GateStatus, f"{prefix}gate_status", self._take_gate, qos.STATUS)

    @property
    def frames(self) -> tuple[ImageArray, ...]:
        """Return the frames kept since `begin`, in order, at half the camera's size."""
        return tuple(self._frames)

    @property
    def gate_state(self) -> GateState | None:
        """Return the gate's state, None before its first status."""
        return None if self._gate is None else GateState(self._gate.state)

    @property
    def gate_reason(self) -> GateReason:
        """Return why the gate is in its state."""
        return GateReason.OK if self._gate is None else GateReason(self._gate.reason)

    @property
    def gate_text(self) -> str:
        """Return the gate's own words."""
        return "" if self._gate is None else str(self._gate.text)

    @property
    def joint_stamp_s(self) -> float:
        """Return the stamp of the newest joint state, -inf before the first."""
        return float("-inf") if self.joints is None else self.joints.stamp_s

    def begin(self) -> None:
        """Forget the frames: an attempt begins."""
        self._frames, self._stride, self._seen = [], 1, 0

    def is_home(self, arm: ArmDescription) -> bool:
        """Whether every arm joint stands at home."""
        try:
            joints_rad = None if self.joints is None else self.joints.pick(arm.joint_names)
        except InputError:
            return False
        if joints_rad is None:
            return False
        return bool(np.max(np.abs(joints_rad - np.array(arm.home_rad))) < HOME_TOLERANCE_RAD)

    def _take_image(self, msg: Image) -> None:
        stamp_s = stamp_to_s(msg.header.stamp)
        if stamp_s == self.image_stamp_s:
            return
        try:
            # A copy: a view would keep the whole message alive.
            self.image = image_from_msg(msg)[::2, ::2].copy()
        except InputError:
            self.image = None  # policy_node reports what is wrong with its images
        self.image_stamp_s = stamp_s
        self._seen += 1
        if self.image is None or self._seen % self._stride:
            return
        self._frames.append(self.image)
        if len(self._frames) > FRAMES_KEPT:
            self._frames, self._stride = self._frames[::2], 2 * self._stride

    def _take_joints(self, msg: JointState) -> None:
        try:
            self.joints = joints_from_msg(msg)
        except InputError:
            self.joints = None

    def _take_gate(self, msg: GateStatus) -> None:
        self._gate = msg
