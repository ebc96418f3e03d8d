# SPDX-License-Identifier: Apache-2.0
"""A picture and the joints of that moment, as two files: NNN.png and NNN.json.

snapshot_node writes them, `rlcg calibrate extrinsics` reads them.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from rlcg_core import strict_json
from rlcg_core.calibration import Calibration, pinhole
from rlcg_core.errors import ConfigError, InputError
from rlcg_core.types import ImageArray
from rlcg_policy.camera.codec import decode_picture
from rlcg_policy.camera.folder_source import SUFFIXES, pictures_in


@dataclass(frozen=True)
class Snapshot:
    """What is known of a picture: the joints [rad] and the camera's intrinsics at that time.

    ``intrinsics_px``: K by rows. ``distortion``: of plumb_bob or rational_polynomial. The camera
    of a rectified picture has none.
    """

    stamp_s: float
    joint_names: tuple[str, ...]
    positions_rad: tuple[float, ...]
    width_px: int
    height_px: int
    intrinsics_px: tuple[float, ...]
    distortion: tuple[float, ...]

    @property
    def camera(self) -> Calibration:
        """Return the camera; raises `InputError` if it is not calibrated."""
        if len(self.intrinsics_px) != 9:
            raise InputError(f"intrinsics_px has {len(self.intrinsics_px)} numbers, expected 9")
        matrix = np.array(self.intrinsics_px).reshape(3, 3)
        return pinhole(self.width_px, self.height_px, matrix, self.distortion).check()


def read_snapshot(picture: Path) -> Snapshot:
    """Return what is known of a picture file; raises `ConfigError`."""
    path = picture.with_suffix(".json")
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read ({error}), expected one beside each picture: take pictures "
            "with snapshot_node"
        ) from error
    snapshot: Snapshot = strict_json.from_plain(Snapshot, plain, str(path))
    return snapshot


def read_pictures(folder: Path) -> dict[Path, ImageArray]:
    """Return the pictures of a folder by their files; raises `ConfigError` if there are none."""
    files = pictures_in(folder) if folder.is_dir() else []
    if not files:
        raise ConfigError(f"no pictures in {folder}, expected {', '.join(SUFFIXES)} files")
    try:
        return {file: decode_picture(file.read_bytes()) for file in files}
    except (OSError, InputError) as error:
        raise ConfigError(f"a picture in {folder} cannot be read: {error}") from error


def write_snapshot(folder: Path, image_hwc: ImageArray, snapshot: Snapshot) -> Path:
    """Write both files under the next free number; returns the picture's. Raises `ConfigError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = [int(p.stem) for p in pictures_in(folder) if p.stem.isdigit()]
        picture = folder / f"{max(taken, default=-1) + 1:03}.png"
        # The joints first: a picture never stands there without them.
        text = json.dumps(asdict(snapshot), indent=1)
        picture.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
        png = cv2.imencode(".png", cv2.cvtColor(image_hwc, cv2.COLOR_RGB2BGR))[1]
        picture.write_bytes(png.tobytes())
    except OSError as error:
        raise ConfigError(f"snapshot cannot be written to {folder}: {error}") from error
    return picture
