# SPDX-License-Identifier: Apache-2.0
"""The capture port: what the camera node needs of a source of pictures."""

from typing import Protocol

from rlcg_core.errors import RlcgError
from rlcg_core.types import ImageArray


class CaptureError(RlcgError):
    """A source gives no picture now, but may later: unplugged, busy, unreachable, silent."""


class PicturesEndedError(RlcgError):
    """A source has given its last picture and will give no more."""


class PictureSource(Protocol):
    """A camera, a stream, a file or a folder; used by one thread at a time.

    ``name`` is for people, without passwords. ``live``: pictures come at the source's own pace and
    are of now. ``details`` is what the source says of itself once it is open, for the diagnostics.
    """

    name: str
    live: bool
    details: dict[str, str]

    def open(self) -> None:
        """Begin; raises `CaptureError`."""

    def grab(self) -> None:
        """Wait for the next picture and hold it; raises `CaptureError` or `PicturesEndedError`."""

    def retrieve(self) -> ImageArray:
        """Return the held picture, uint8 RGB (height, width, 3), its own; raises `CaptureError`."""

    def close(self) -> None:
        """Let go of the device or file; may be called twice."""
