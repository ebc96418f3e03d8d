# SPDX-License-Identifier: Apache-2.0
"""The calibration of one camera at one size, kept in one file."""

from dataclasses import dataclass
from pathlib import Path

from rlcg_core.calibration import Calibration, uncalibrated
from rlcg_core.errors import ConfigError
from rlcg_policy.camera.calibration_file import read_calibration, write_calibration


@dataclass(frozen=True)
class CalibrationStore:
    """Reads and writes the calibration of pictures of ``width_px`` by ``height_px``.

    ``required``: the user named the file, so that it must be there.
    """

    path: Path
    width_px: int
    height_px: int
    camera_name: str
    required: bool

    def load(self) -> Calibration:
        """Return what the file says, or an uncalibrated camera; raises `ConfigError`."""
        if self.path.is_file():
            return self._fitting(read_calibration(self.path))
        if self.required:
            raise ConfigError(
                f"no calibration at {self.path}, expected one at camera_info_url: calibrate the "
                "camera (rlcg calibrate intrinsics), or leave camera_info_url empty"
            )
        return uncalibrated(self.width_px, self.height_px, self.camera_name)

    def save(self, calibration: Calibration) -> None:
        """Write the file; raises `ConfigError` if it cannot be or the size is another."""
        write_calibration(self._fitting(calibration), self.path)

    def _fitting(self, calibration: Calibration) -> Calibration:
        size = (calibration.width_px, calibration.height_px)
        if size != (self.width_px, self.height_px):
            raise ConfigError(
                f"calibration is for {size[0]}x{size[1]} px, pictures are published with "
                f"{self.width_px}x{self.height_px}: calibrate at the size that is published"
            )
        return calibration
