# SPDX-License-Identifier: Apache-2.0
"""Cameras, network streams and video files by OpenCV."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core.types import ImageArray
from rlcg_policy.camera.pace import Pace
from rlcg_policy.camera.port import CaptureError, PicturesEndedError

STREAM_OPEN_MS = 5000
STREAM_READ_MS = 2000


@dataclass(frozen=True)
class DeviceRequest:
    """What is asked of a camera's driver; it may give something else.

    ``pixel_format``: four characters of Video4Linux such as MJPG, empty for the driver's choice.
    """

    width_px: int
    height_px: int
    rate_hz: float
    pixel_format: str = ""


class OpenCvSource:
    """`rlcg_policy.camera.port.PictureSource` over cv2.VideoCapture."""

    live = True

    def __init__(self, name: str, make: Callable[[], cv2.VideoCapture], advice: str) -> None:
        """``make`` opens what ``name`` names; ``advice``: what to do when it cannot."""
        self.name = name
        self.details: dict[str, str] = {}
        self._make, self._advice = make, advice
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        """Begin; raises `CaptureError`."""
        self.close()
        capture = self._make()
        if not capture.isOpened():
            capture.release()
            raise CaptureError(f"{self.name} cannot be opened: {self._advice}")
        self._capture = capture
        self.details = _describe(capture)

    def grab(self) -> None:
        """Wait for the next picture; raises `CaptureError` when none comes."""
        if not self._grabbed():
            raise CaptureError(f"{self.name} gives no picture: {self._advice}")

    def retrieve(self) -> ImageArray:
        """Return the picture; raises `CaptureError` for one that cannot be decoded."""
        good, image = (False, None) if self._capture is None else self._capture.retrieve()
        if not good or image is None or image.size == 0:
            raise CaptureError(f"{self.name} gave a picture that cannot be decoded")
        return _rgb_from(image)

    def close(self) -> None:
        """Let go of the device or file."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _grabbed(self) -> bool:
        return self._capture is not None and bool(self._capture.grab())


class VideoFileSource(OpenCvSource):
    """A video file, played at ``rate_hz``, once or over and over."""

    live = False

    def __init__(self, path: str, rate_hz: float, loop: bool) -> None:
        super().__init__(path, lambda: cv2.VideoCapture(path), "is it a video file?")
        self._pace, self._loop, self._seen = Pace(rate_hz), loop, 0

    def grab(self) -> None:
        """Wait until the next picture is due; raises `PicturesEndedError` after the last one."""
        self._pace.wait(time.monotonic, time.sleep)
        if not self._grabbed():
            if self._seen > 0 and not self._loop:
                raise PicturesEndedError(f"{self.name} has ended after {self._seen} pictures")
            # Opened again instead of rewound: not every container can be rewound.
            self.open()
            super().grab()
        self._seen += 1


def camera_source(device: str, request: DeviceRequest) -> OpenCvSource:
    """Return the source of a camera of Video4Linux: /dev/video0, or a link to it."""

    def make() -> cv2.VideoCapture:
        capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        # The format first: sizes and rates are those of a format.
        if request.pixel_format:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*request.pixel_format))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, request.width_px)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, request.height_px)
        capture.set(cv2.CAP_PROP_FPS, request.rate_hz)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture

    advice = "plug the camera in, end other programs that use it, or join the group video"
    return OpenCvSource(device, make, advice)


def stream_source(url: str) -> OpenCvSource:
    """Return the source of a camera on the network, as rtsp://user:password@host/path."""
    limits = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, STREAM_OPEN_MS),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, STREAM_READ_MS),
    ]
    advice = "check address, password and network"
    return OpenCvSource(
        without_password(url), lambda: cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits), advice
    )


def without_password(url: str) -> str:
    """Return the URL for logs: user and password replaced by stars, the query left out."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    shown = f"***@{host}" if "@" in parts.netloc else host
    return urlunsplit((parts.scheme, shown, parts.path, "", ""))


def _describe(capture: cv2.VideoCapture) -> dict[str, str]:
    number = int(capture.get(cv2.CAP_PROP_FOURCC))
    letters = number.to_bytes(4, "little", signed=number < 0).decode("ascii", "replace")
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    return {
        "backend": capture.getBackendName(),
        "pixel_format": letters if letters.isprintable() else "unknown",
        "source_size": f"{width}x{height}",
        "source_rate_hz": f"{capture.get(cv2.CAP_PROP_FPS):g}",
    }


def _rgb_from(image: npt.NDArray[np.uint8]) -> ImageArray:
    """Return OpenCV's picture, BGR or grey, as RGB."""
    grey = image.ndim == 2 or image.shape[2] == 1
    code = cv2.COLOR_GRAY2RGB if grey else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), dtype=np.uint8)
