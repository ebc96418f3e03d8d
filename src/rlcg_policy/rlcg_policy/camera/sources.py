# SPDX-License-Identifier: Apache-2.0
"""From what the user calls ``video_device`` to a source of pictures."""

import re
from collections.abc import Callable
from pathlib import Path

from rlcg_core.errors import ConfigError
from rlcg_policy.camera.folder_source import FolderSource
from rlcg_policy.camera.opencv_source import (
    DeviceRequest,
    VideoFileSource,
    camera_source,
    stream_source,
    without_password,
)
from rlcg_policy.camera.port import PictureSource

BY_ID = Path("/dev/v4l/by-id")
STREAM_SCHEMES = ("rtsp", "rtsps", "rtmp", "http", "https", "udp", "tcp")


def source_maker(
    video_device: str, request: DeviceRequest, loop: bool
) -> Callable[[], PictureSource]:
    """Return what makes the source that ``video_device`` names; raises `ConfigError`.

    A number or a path below /dev is a camera, a URL a stream, a folder its pictures, any other
    path a video file. Cameras and streams may be absent now; files and folders must be there.
    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", video_device)
    if re.fullmatch(r"\d+", video_device):
        return lambda: camera_source(f"/dev/video{video_device}", request)
    if video_device.startswith("/dev/"):
        return lambda: camera_source(video_device, request)
    if scheme is not None and scheme[1].lower() in STREAM_SCHEMES:
        return lambda: stream_source(video_device)
    path = Path(video_device.removeprefix("file://")).expanduser()
    if video_device and path.is_dir():
        return lambda: FolderSource(path, request.rate_hz, loop)
    if path.is_file():
        return lambda: VideoFileSource(str(path), request.rate_hz, loop)
    found = without_password(video_device) if scheme else video_device
    raise ConfigError(
        f"video_device is '{found}', expected /dev/videoN or its number N, a video file, a folder "
        f"of pictures, or a URL that begins with one of {', '.join(STREAM_SCHEMES)}"
    )


def hardware_id(video_device: str, by_id: Path = BY_ID) -> str:
    """Return what to call the source: a camera's name with its serial number where that is known.

    Linux keeps those names as links to the devices in the folder ``by_id``.
    """
    device = Path(f"/dev/video{video_device}" if video_device.isdigit() else video_device)
    links = sorted(by_id.iterdir()) if by_id.is_dir() else []
    names = [link.name for link in links if link.resolve() == device.resolve()]
    return names[0] if names else without_password(video_device)
