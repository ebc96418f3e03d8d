# SPDX-License-Identifier: Apache-2.0
"""The newest camera frame and the joint state nearest to it, from the topics that carry them."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, JointState

from rlcg_core.camera import CameraModel
from rlcg_core.errors import InputError
from rlcg_core.freshness import Problem
from rlcg_core.observer import SensedImage, SensedJoints
from rlcg_core.reasons import TerminationReason
from rlcg_ros import qos
from rlcg_ros.clocks import now
from rlcg_ros.conversions import camera_from_info, image_from_msg, joints_from_msg, stamp_to_s

JOINT_SAMPLES_KEPT = 64


class Sensors:
    """Subscribes to ``image_raw``, ``camera_info`` and ``joint_states``; keeps the newest.

    ``problem``: why the newest image or joint state cannot be used, None if it can.
    ``camera``: the calibrated camera, None before its first ``camera_info``.
    ``published_s``: when the newest image was published, on the publisher's wall clock [s].
    """

    def __init__(
        self,
        node: Node,
        transform_camera_to_base: npt.NDArray[np.float64],
        on_change: Callable[[], None],
    ) -> None:
        """``on_change`` is called after each message."""
        self._node, self._pose, self._on_change = node, transform_camera_to_base, on_change
        self.camera: CameraModel | None = None
        self.published_s = 0.0
        self._problems: dict[TerminationReason, str] = {}
        self._image: SensedImage | None = None
        self._joints: deque[SensedJoints] = deque(maxlen=JOINT_SAMPLES_KEPT)
        self._subscriptions = [
            node.create_subscription(Image, "image_raw", self._take_image, qos.IMAGE_READ),
            node.create_subscription(CameraInfo, "camera_info", self._take_info, qos.IMAGE_READ),
            node.create_subscription(
                JointState, "joint_states", self._take_joints, qos.JOINT_STATES_READ
            ),
        ]

    @property
    def problem(self) -> Problem | None:
        """Return what is wrong with the newest messages, if anything."""
        for reason, text in self._problems.items():
            return Problem(reason, text)
        return None

    @property
    def image(self) -> SensedImage | None:
        """Return the newest frame, None while frame or calibration is missing."""
        return self._image if self.camera is not None else None

    @property
    def joints(self) -> SensedJoints | None:
        """Return the joint state nearest to the newest frame by stamp, the newest if none is."""
        if not self._joints:
            return None
        if self._image is None:
            return self._joints[-1]
        stamp_s = self._image.stamp_s
        return min(reversed(self._joints), key=lambda j: abs(j.sample.stamp_s - stamp_s))

    def close(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _take_info(self, msg: CameraInfo) -> None:
        def read() -> None:
            self.camera = camera_from_info(msg, self._pose)

        self._note(TerminationReason.NO_IMAGE, read)

    def _take_image(self, msg: Image, info: Mapping[str, Any]) -> None:
        receipt_s = now(self._node).monotonic_s

        def read() -> None:
            image_hwc, camera = image_from_msg(msg), self.camera
            height_px, width_px = image_hwc.shape[:2]
            if camera is not None and (width_px, height_px) != (camera.width_px, camera.height_px):
                raise InputError(
                    f"image is {width_px}x{height_px}, its camera_info says "
                    f"{camera.width_px}x{camera.height_px}: calibrate at the size that is published"
                )
            # A frame that comes before its calibration waits for it.
            projection = np.full((3, 4), np.nan) if camera is None else camera.projection_base_to_px()
            self._image = SensedImage(
                image_hwc, projection, stamp_to_s(msg.header.stamp), receipt_s
            )
            self.published_s = 1e-9 * info["source_timestamp"]

        self._note(TerminationReason.BAD_IMAGE, read)

    def _take_joints(self, msg: JointState) -> None:
        receipt_s = now(self._node).monotonic_s

        def read() -> None:
            sample = joints_from_msg(msg)
            if self._joints and sample.stamp_s < self._joints[-1].sample.stamp_s:
                self._joints.clear()  # the clock was set back: what was kept is of another time
            self._joints.append(SensedJoints(sample, receipt_s))

        self._note(TerminationReason.BAD_JOINT_STATE, read)

    def _note(self, reason: TerminationReason, read: Callable[[], None]) -> None:
        """Read a message; keep the problem under its reason until a good message comes."""
        try:
            read()
        except InputError as error:
            self._problems[reason] = str(error)
        else:
            self._problems.pop(reason, None)
        self._on_change()
