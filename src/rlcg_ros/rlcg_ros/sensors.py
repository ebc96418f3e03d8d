# SPDX-License-Identifier: Apache-2.0
"""The newest camera frame and the joint state nearest to it, from the topics that carry them."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState

from rlcg_core.camera import CameraModel
from rlcg_core.errors import InputError
from rlcg_core.freshness import Problem
from rlcg_core.observer import SensedImage, SensedJoints
from rlcg_core.reasons import TerminationReason
from rlcg_core.types import JointSample
from rlcg_ros import qos
from rlcg_ros.clocks import now, received_s
from rlcg_ros.conversions import (
    camera_from_info,
    compressed_from_msg,
    image_from_msg,
    joints_from_msg,
    stamp_to_s,
)
from rlcg_ros.conversions.compressed import Decoder
from rlcg_ros.links import Links

JOINT_SAMPLES_KEPT = 64


class Sensors:
    """Subscribes to ``image_raw``, ``camera_info`` and ``joint_states``; keeps the newest.

    ``problem``: why the newest image or joint state cannot be used, None if it can.
    ``camera``: the calibrated camera, None before its first ``camera_info``.
    ``published_s``: when the newest image was published, on the publisher's wall clock [s].
    ``links``: whether the publishers fit.
    """

    def __init__(
        self,
        node: Node,
        transform_camera_to_base: npt.NDArray[np.float64],
        arm_joints: tuple[str, ...],
        on_change: Callable[[], None],
        decode: Decoder | None = None,
    ) -> None:
        """``on_change`` is called after each message.

        With a decoder of JPEG and PNG, images are read from ``image_raw/compressed`` instead.

        A message without any of ``arm_joints`` is of another driver, the gripper's for example:
        its joints are added to the arm's next samples.
        """
        self._node, self._pose, self._on_change = node, transform_camera_to_base, on_change
        self._arm_joints, self._decode = arm_joints, decode
        self.links = Links(node)
        self.camera: CameraModel | None = None
        self._projection_base_to_px = np.zeros((3, 4))
        self.published_s = 0.0
        self._problems: dict[TerminationReason, str] = {}
        self._frame: tuple[npt.NDArray[np.uint8], float, float] | None = None
        self._others: dict[str, float] = {}
        self._joints: deque[SensedJoints] = deque(maxlen=JOINT_SAMPLES_KEPT)
        self._subscriptions = [
            self._subscribe_to_images(),
            self._subscribe(CameraInfo, "camera_info", self._take_info),
            node.create_subscription(
                JointState,
                "joint_states",
                self._take_joints,
                qos.JOINT_STATES_READ,
                event_callbacks=self.links.events("joint_states"),
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
        if self._frame is None or self.camera is None:
            return None
        image_hwc, stamp_s, receipt_s = self._frame
        return SensedImage(image_hwc, self._projection_base_to_px, stamp_s, receipt_s)

    @property
    def joints(self) -> SensedJoints | None:
        """Return the joint state nearest to the newest frame by stamp."""
        if not self._joints:
            return None
        stamp_s = self._joints[-1].sample.stamp_s if self._frame is None else self._frame[1]
        samples = self._joints
        after = bisect_right(samples, stamp_s, key=lambda joints: joints.sample.stamp_s)
        nearest = [samples[i] for i in (after, after - 1) if 0 <= i < len(samples)]
        return min(nearest, key=lambda joints: abs(joints.sample.stamp_s - stamp_s))

    def close(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _subscribe_to_images(self) -> Subscription:
        if self._decode is None:
            return self._subscribe(Image, "image_raw", self._take_image)
        # As image_transport: below the name that image_raw is remapped to.
        topic = f"{self._node.resolve_topic_name('image_raw')}/compressed"
        return self._subscribe(CompressedImage, topic, self._take_image)

    def _subscribe(self, kind: type, topic: str, callback: Callable[..., None]) -> Subscription:
        profile, options = qos.overridable(qos.IMAGE_READ)
        return self._node.create_subscription(
            kind,
            topic,
            callback,
            profile,
            event_callbacks=self.links.events(topic),
            qos_overriding_options=options,
        )

    def _picture(self, msg: Image | CompressedImage) -> npt.NDArray[np.uint8]:
        return (
            image_from_msg(msg) if self._decode is None else compressed_from_msg(msg, self._decode)
        )

    def _take_info(self, msg: CameraInfo) -> None:
        def read() -> None:
            camera = camera_from_info(msg, self._pose)
            self._projection_base_to_px = camera.projection_base_to_px()
            self.camera = camera

        self._note(TerminationReason.NO_IMAGE, read)

    def _take_image(self, msg: Image | CompressedImage, info: Mapping[str, Any]) -> None:
        receipt_s = received_s(info)

        def read() -> None:
            image_hwc, camera = self._picture(msg), self.camera
            height_px, width_px = image_hwc.shape[:2]
            if camera is not None and (width_px, height_px) != (camera.width_px, camera.height_px):
                raise InputError(
                    f"image is {width_px}x{height_px}, its camera_info says "
                    f"{camera.width_px}x{camera.height_px}: calibrate at the size that is published"
                )
            self._frame = (image_hwc, stamp_to_s(msg.header.stamp), receipt_s)
            self.published_s = 1e-9 * info["source_timestamp"]

        self._note(TerminationReason.BAD_IMAGE, read)

    def _take_joints(self, msg: JointState) -> None:
        receipt_s = now(self._node).monotonic_s

        def read() -> None:
            sample = joints_from_msg(msg)
            if not set(sample.names) & set(self._arm_joints):
                self._others.update(zip(sample.names, sample.positions.tolist(), strict=True))
                if not self._joints:
                    sample.pick(self._arm_joints)
                return
            if self._joints and sample.stamp_s < self._joints[-1].sample.stamp_s:
                self._joints.clear()  # the clock was set back: what was kept is of another time
            self._joints.append(SensedJoints(self._completed(sample), receipt_s))

        self._note(TerminationReason.BAD_JOINT_STATE, read)

    def _completed(self, sample: JointSample) -> JointSample:
        """Return the sample with the joints of other drivers."""
        others = {n: p for n, p in self._others.items() if n not in sample.names}
        if not others:
            return sample
        positions = np.array([*sample.positions, *others.values()])
        velocities = np.array([*sample.velocities, *([0.0] * len(others))])
        return JointSample((*sample.names, *others), positions, velocities, sample.stamp_s)

    def _note(self, reason: TerminationReason, read: Callable[[], None]) -> None:
        """Read a message; keep the problem under its reason until a good message comes."""
        try:
            read()
        except InputError as error:
            self._problems[reason] = str(error)
        else:
            self._problems.pop(reason, None)
        self._on_change()
