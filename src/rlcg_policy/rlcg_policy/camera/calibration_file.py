# SPDX-License-Identifier: Apache-2.0
"""Calibrations as files, in the YAML form of ROS's camera_calibration."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from rlcg_core.calibration import Calibration
from rlcg_core.errors import ConfigError, InputError
from rlcg_policy import strict_yaml

FloatArray = npt.NDArray[np.float64]

LONGEST_PX = 65535

_KEYS = (
    "image_width",
    "image_height",
    "camera_matrix",
    "distortion_model",
    "distortion_coefficients",
    "rectification_matrix",
    "projection_matrix",
)


def read_calibration(path: Path) -> Calibration:
    """Return the calibration in a file; raises `ConfigError` naming file and field."""
    plain = strict_yaml.load(path)
    try:
        return _from_plain(plain).check()
    except InputError as error:
        raise ConfigError(f"calibration {path}: {error}") from error


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write the file whole or not at all, its folder too; raises `ConfigError`."""
    text = calibration_text(calibration)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8"
        ) as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(stream.name, 0o644)
        os.replace(stream.name, path)
    except OSError as error:
        raise ConfigError(
            f"calibration {path} cannot be written: {error}; set camera_info_url to a file that can"
        ) from error


def calibration_text(calibration: Calibration) -> str:
    """Return the content of the file."""
    plain = {
        "image_width": calibration.width_px,
        "image_height": calibration.height_px,
        "camera_name": calibration.camera_name,
        "camera_matrix": _matrix(calibration.intrinsics_px),
        "distortion_model": calibration.distortion_model,
        "distortion_coefficients": _matrix(calibration.distortion[None]),
        "rectification_matrix": _matrix(calibration.rectification),
        "projection_matrix": _matrix(calibration.projection_px),
    }
    return yaml.safe_dump(plain, sort_keys=False, default_flow_style=None, width=100)


def _matrix(values: FloatArray) -> dict[str, Any]:
    rows, columns = values.shape
    return {"rows": rows, "cols": columns, "data": [float(v) for v in values.ravel()]}


def _from_plain(plain: Any) -> Calibration:
    missing = [key for key in _KEYS if not isinstance(plain, dict) or key not in plain]
    if missing:
        raise InputError(f"lacks {', '.join(missing)}, expected a file of camera_calibration")
    return Calibration(
        _whole(plain, "image_width"),
        _whole(plain, "image_height"),
        _array(plain, "camera_matrix", (3, 3)),
        str(plain["distortion_model"]),
        _array(plain, "distortion_coefficients", None).ravel(),
        _array(plain, "rectification_matrix", (3, 3)),
        _array(plain, "projection_matrix", (3, 4)),
        str(plain.get("camera_name", "camera")),
    )


def _whole(plain: dict[str, Any], key: str) -> int:
    value = plain[key]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LONGEST_PX:
        raise InputError(f"{key} is {value!r:.40}, expected a whole number of pixels")
    return value


def _array(plain: dict[str, Any], key: str, shape: tuple[int, int] | None) -> FloatArray:
    block = plain[key]
    try:
        found = (int(block["rows"]), int(block["cols"]))
        values = np.array(block["data"], dtype=np.float64).reshape(found)
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise InputError(f"{key} is {block!r:.80}, expected rows, cols and data") from error
    if shape is not None and found != shape:
        raise InputError(f"{key} is {found[0]}x{found[1]}, expected {shape[0]}x{shape[1]}")
    return values
