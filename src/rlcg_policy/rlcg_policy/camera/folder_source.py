# SPDX-License-Identifier: Apache-2.0
"""Pictures from the files of a folder."""

import time
from pathlib import Path

from rlcg_core.errors import InputError
from rlcg_core.types import ImageArray
from rlcg_policy.camera.codec import decode_picture
from rlcg_policy.camera.pace import Pace
from rlcg_policy.camera.port import CaptureError, PicturesEndedError

SUFFIXES = (".png", ".jpg", ".jpeg")


def pictures_in(folder: Path) -> list[Path]:
    """Return the picture files of a folder in the order of their names."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())


class FolderSource:
    """The pictures of a folder at ``rate_hz``, in the order of their names."""

    live = False

    def __init__(self, folder: Path, rate_hz: float, loop: bool) -> None:
        """``loop``: begin again after the last one."""
        self.name = str(folder)
        self.details: dict[str, str] = {}
        self._folder, self._loop, self._pace = folder, loop, Pace(rate_hz)
        self._files: list[Path] = []
        self._next = 0

    def open(self) -> None:
        """List the files; raises `CaptureError` if there are none."""
        try:
            self._files = pictures_in(self._folder)
        except OSError as error:
            raise CaptureError(f"folder {self._folder} cannot be read: {error.strerror}") from error
        if not self._files:
            raise CaptureError(f"folder {self._folder} holds no picture, expected {SUFFIXES} files")
        self.details = {"files": str(len(self._files))}

    def grab(self) -> None:
        """Wait until the next picture is due."""
        if self._next >= len(self._files) and not self._loop:
            raise PicturesEndedError(f"folder {self._folder} has ended after {self._next} pictures")
        self._pace.wait(time.monotonic, time.sleep)

    def retrieve(self) -> ImageArray:
        """Return the picture that is due."""
        path = self._files[self._next % len(self._files)]
        self._next += 1
        try:
            return decode_picture(path.read_bytes())
        except (OSError, InputError) as error:
            raise CaptureError(f"picture {path} cannot be read: {error}") from error

    def close(self) -> None:
        """Nothing is held open."""
