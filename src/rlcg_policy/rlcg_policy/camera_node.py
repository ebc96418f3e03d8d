# SPDX-License-Identifier: Apache-2.0
"""camera_node: pictures of a camera, stream, video file or folder as `image_raw` and `camera_info`.

A thread captures, the executor publishes the newest picture and never waits for the camera. A lost
camera is opened again. Parameters: `rlcg_policy.camera_parameters`.
"""

import sys

from rclpy.lifecycle import LifecyclePublisher
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from sensor_msgs.srv import SetCameraInfo
from std_srvs.srv import SetBool

from rlcg_core.errors import ConfigError, InputError
from rlcg_core.types import ImageArray
from rlcg_policy.camera.calibration_store import CalibrationStore
from rlcg_policy.camera.capture import Capture, CaptureSettings
from rlcg_policy.camera.codec import encode_jpeg
from rlcg_policy.camera.framing import Framing
from rlcg_policy.camera.health import complaints
from rlcg_policy.camera.info_url import info_path
from rlcg_policy.camera.sources import hardware_id, source_maker
from rlcg_policy.camera_parameters import CameraParameters
from rlcg_ros import qos
from rlcg_ros.clocks import now
from rlcg_ros.conversions import (
    calibration_from_info,
    calibration_to_info,
    compressed_to_msg,
    image_to_msg,
)
from rlcg_ros.diagnostics import Diagnostics, Health, Level
from rlcg_ros.lifecycle import ManagedNode
from rlcg_ros.parameters import declare
from rlcg_ros.run import run
from rlcg_ros.shares import find_share


class CameraNode(ManagedNode):
    """The camera as a lifecycle node; only an active one captures."""

    def __init__(self) -> None:
        super().__init__("camera_node")
        self._settings = declare(self, CameraParameters)
        self.autostart = self._settings.autostart

    def setup(self) -> None:
        """Find source and calibration; open the topics. The camera is opened on activation."""
        settings = self._settings
        make_source = source_maker(settings.video_device, settings.request, settings.loop)
        url, name = settings.camera_info_url, settings.camera_name
        path, size = info_path(url, name, find_share), (settings.image_width, settings.image_height)
        self._store = CalibrationStore(path, *size, name, required=bool(url))
        self._framing = Framing(self._store.load(), settings.rectify)
        self._news = self.create_guard_condition(self._publish)
        self._capture = Capture(
            CaptureSettings(
                make_source,
                prepare=self._prepare,
                clock=lambda: now(self),
                on_picture=self._news.trigger,
                back_off=settings.back_off,
            )
        )
        self._wanted = True
        self._open_topics()
        device = hardware_id(settings.video_device)
        tasks = {"capture": self._capture_health, "calibration": self._calibration_health}
        self._diagnostics = Diagnostics(self, device, tasks)

    def start(self) -> None:
        """Begin to capture; a camera that is not there yet is waited for."""
        if self._wanted:
            self._capture.start()

    def stop(self) -> None:
        """Cease to capture."""
        self._capture.stop()
        if self._capture.hung:
            self.get_logger().warning(
                "the camera's driver does not return, its thread is left behind: if the camera "
                "cannot be opened again, restart this node"
            )

    def teardown(self) -> None:
        """Release everything."""
        self._diagnostics.close()
        for service in self._services_open:
            self.destroy_service(service)
        for publisher in (self._image_out, self._info_out, self._jpeg_out):
            if publisher is not None:
                self.destroy_publisher(publisher)
        self.destroy_guard_condition(self._news)

    def _open_topics(self) -> None:
        self._image_out = self._publisher(Image, "image_raw")
        self._info_out = self._publisher(CameraInfo, "camera_info")
        # As image_transport: below the name that image_raw is remapped to.
        jpeg_topic = f"{self.resolve_topic_name('image_raw')}/compressed"
        wanted = self._settings.compressed
        self._jpeg_out = self._publisher(CompressedImage, jpeg_topic) if wanted else None
        self._services_open = [
            self.create_service(SetCameraInfo, "set_camera_info", self._on_set_info),
            self.create_service(SetBool, "set_capture", self._on_set_capture),
        ]

    def _publisher(self, kind: type, topic: str) -> LifecyclePublisher:
        profile, options = qos.overridable(qos.IMAGE_PUBLISHED)
        return self.create_lifecycle_publisher(kind, topic, profile, qos_overriding_options=options)

    def _prepare(self, image_hwc: ImageArray) -> ImageArray:
        return self._framing.apply(image_hwc)

    def _publish(self) -> None:
        """Publish the newest picture with its calibration, if there is a new one."""
        picture = self._capture.take()
        if picture is None or not self.active:
            return
        settings, image_hwc = self._settings, picture.image_hwc
        stamp_s = picture.at.ros_s + 1e-9 * settings.timestamp_offset
        frame_id = settings.frame_id
        self._info_out.publish(calibration_to_info(self._framing.calibration, stamp_s, frame_id))
        self._image_out.publish(image_to_msg(image_hwc, stamp_s, frame_id))
        if self._jpeg_out is not None and self._jpeg_out.get_subscription_count() > 0:
            jpeg = encode_jpeg(image_hwc, settings.jpeg_quality)
            self._jpeg_out.publish(compressed_to_msg(jpeg, stamp_s, frame_id))

    def _on_set_info(
        self, request: SetCameraInfo.Request, response: SetCameraInfo.Response
    ) -> SetCameraInfo.Response:
        try:
            if self._settings.rectify:
                raise ConfigError("pictures are rectified, expected raw ones: set rectify to false")
            name = self._settings.camera_name
            calibration = calibration_from_info(request.camera_info, name)
            self._store.save(calibration)
        except (ConfigError, InputError) as error:
            response.success, response.status_message = False, str(error)
            return response
        self._framing = Framing(calibration, rectify=False)
        response.success, response.status_message = True, f"written to {self._store.path}"
        return response

    def _on_set_capture(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        self._wanted = request.data
        if not self._wanted:
            self.stop()
        elif self.active:
            self._capture.start()
        response.success = True
        begins = "captures" if self.active else "will capture once the node is activated"
        response.message = begins if self._wanted else "does not capture"
        return response

    def _capture_health(self) -> Health:
        if not self.active:
            return Health(Level.STALE, "not active: activate the node")
        if not self._wanted:
            return Health(Level.STALE, "capturing is switched off: call set_capture with true")
        report = self._capture.report()
        values = {
            "state": report.state.value,
            "rate_hz": f"{report.rate_hz:.1f}",
            "age_s": f"{report.age_s:.3f}",
            "pictures": report.frames,
            "dropped": report.dropped,
            "identical": report.identical,
            "reconnects": report.reconnects,
            **report.details,
        }
        found = complaints(report, self._settings.framerate)
        if not found:
            return Health(Level.OK, report.state.value, values)
        level = Level.ERROR if any(one.severe for one in found) else Level.WARN
        return Health(level, "; ".join(one.text for one in found), values)

    def _calibration_health(self) -> Health:
        calibration, path = self._framing.calibration, self._store.path
        values = {"file": path, "rectified": self._settings.rectify}
        if not calibration.calibrated:
            text = "not calibrated (K[0] is 0): rlcg calibrate intrinsics, or set_camera_info"
            return Health(Level.WARN, text, values)
        if calibration.distorted:
            text = "calibrated, with lens distortion: set rectify for policy_node"
            return Health(Level.OK, text, values)
        return Health(Level.OK, "calibrated", values)


def main() -> None:
    """Run the node."""
    sys.exit(run(CameraNode))


if __name__ == "__main__":
    main()
