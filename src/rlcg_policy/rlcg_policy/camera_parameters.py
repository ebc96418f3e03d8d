# SPDX-License-Identifier: Apache-2.0
"""Parameters of camera_node; names as in usb_cam and v4l2_camera where those have them."""

from dataclasses import dataclass

from rlcg_core import spec
from rlcg_core.parameters import param
from rlcg_policy.camera.capture import BackOff
from rlcg_policy.camera.opencv_source import DeviceRequest

# What usb_cam calls the formats -> the four characters of Video4Linux.
PIXEL_FORMATS = {
    "": "",
    "MJPG": "MJPG",
    "YUYV": "YUYV",
    "UYVY": "UYVY",
    "GREY": "GREY",
    "mjpeg2rgb": "MJPG",
    "yuyv2rgb": "YUYV",
    "uyvy2rgb": "UYVY",
    "mono8": "GREY",
}


@dataclass(frozen=True)
class CameraParameters:
    """Where pictures come from, how they are published, and where the calibration lies."""

    video_device: str = param(
        "/dev/video0",
        "camera (/dev/videoN, a link to it, or N), video file, folder of pictures, or stream URL",
    )
    image_width: int = param(spec.IMAGE_WIDTH_PX, "width of published pictures", low=16, high=8192)
    image_height: int = param(
        spec.IMAGE_HEIGHT_PX, "height of published pictures", low=16, high=8192
    )
    capture_width: int = param(
        0, "width that is asked of a camera; 0: image_width", low=0, high=8192
    )
    capture_height: int = param(
        0, "height that is asked of a camera; 0: image_height", low=0, high=8192
    )
    framerate: float = param(
        30.0, "pictures per second: asked of a camera, kept for files", low=0.1, high=1000.0
    )
    pixel_format: str = param(
        "", "format that is asked of a camera; empty: its own", choices=tuple(PIXEL_FORMATS)
    )
    loop: bool = param(True, "begin a file or folder again after its end")
    frame_id: str = param("camera_optical_frame", "optical frame of the pictures")
    camera_name: str = param("camera", "name in the calibration file, ${NAME} in its URL")
    camera_info_url: str = param(
        "", "calibration: file:// or package://; empty: ${ROS_HOME}/camera_info/${NAME}.yaml"
    )
    rectify: bool = param(False, "take the lens distortion out; needs a calibration")
    compressed: bool = param(False, "also publish image_raw/compressed (jpeg)")
    jpeg_quality: int = param(95, "quality of the jpeg", low=1, high=100)
    timestamp_offset: int = param(
        0, "added to the time of the grab [ns]; negative for the delay of the camera", high=0
    )
    reconnect_longest_s: float = param(
        10.0, "longest pause before a lost camera is opened again", low=0.1, high=600.0
    )
    autostart: bool = param(False, "configure and activate without a lifecycle manager")

    @property
    def request(self) -> DeviceRequest:
        """Return what is asked of a camera's driver."""
        return DeviceRequest(
            self.capture_width or self.image_width,
            self.capture_height or self.image_height,
            self.framerate,
            PIXEL_FORMATS[self.pixel_format],
        )

    @property
    def back_off(self) -> BackOff:
        """Return the pauses before a lost camera is opened again."""
        return BackOff(min(BackOff.first_s, self.reconnect_longest_s), self.reconnect_longest_s)
