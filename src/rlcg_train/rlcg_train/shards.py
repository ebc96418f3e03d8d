# SPDX-License-Identifier: Apache-2.0
"""Stored attempts: numbered shards of a folder, each written whole or not at all.

A shard keeps, per frame, the half-size centre crop as PNG, the tool pose, the hindsight grasp
pose and the outcome; and once, its renderer, camera projection, spec fingerprint and seeds.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_train.rollout import Attempt

FloatArray = npt.NDArray[np.float64]
ImageArray = npt.NDArray[np.uint8]

HALF_PX = spec.CROP_PX // 2


def half_crop(image_hwc: ImageArray) -> ImageArray:
    """Return the centre crop at half size, uint8 (236, 236, 3): means of 2 x 2 pixels."""
    rows = slice(spec.CROP_TOP_PX, spec.CROP_TOP_PX + spec.CROP_PX)
    columns = slice(spec.CROP_LEFT_PX, spec.CROP_LEFT_PX + spec.CROP_PX)
    crop = np.ascontiguousarray(image_hwc[rows, columns])
    return np.asarray(cv2.resize(crop, (HALF_PX, HALF_PX), interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True)
class Samples:
    """Frames of many attempts: ``images`` (n, 236, 236, 3) uint8, the rest per frame.

    ``tool_pose`` (n, 4), ``grasp_pose`` (n, 3), ``success`` (n,) of 0 or 1, ``attempt`` (n,) the
    attempt's seed, ``tiny`` (n,) whether TinyRenderer made the picture.
    """

    images: ImageArray
    tool_pose: FloatArray
    grasp_pose: FloatArray
    success: FloatArray
    attempt: npt.NDArray[np.int64]
    tiny: npt.NDArray[np.bool_]


def write_shard(
    path: Path, attempts: dict[int, Attempt], renderer: str, projection: FloatArray
) -> None:
    """Write attempts by seed; the file appears under its name only when complete."""
    frames = [(seed, a, f) for seed, a in attempts.items() for f in a.frames]
    pngs = [_png(frame.image_hwc) for _, _, frame in frames]
    temporary = path.with_suffix(".part.npz")
    np.savez(
        temporary,
        png=np.frombuffer(b"".join(pngs), np.uint8),
        png_bytes=np.array([len(png) for png in pngs]),
        tool_pose=np.array([frame.tool_pose for _, _, frame in frames]).reshape(-1, 4),
        grasp_pose=np.array([a.grasp_pose for _, a, _ in frames]).reshape(-1, 3),
        success=np.array([a.outcome == Outcome.SUCCESS for _, a, _ in frames], np.float64),
        attempt=np.array([seed for seed, _, _ in frames], np.int64),
        outcomes=np.array([int(a.outcome) for a in attempts.values()]),
        renderer=np.array(renderer),
        projection=projection,
        spec=np.array(spec.fingerprint()),
    )
    os.replace(temporary, path)


def _png(image_hwc: ImageArray) -> bytes:
    ok, data = cv2.imencode(
        ".png", half_crop(image_hwc)[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1]
    )
    if not ok:
        raise DataError("a picture could not be encoded as PNG: check the OpenCV installation")
    return data.tobytes()


def read_shard(path: Path) -> tuple[Samples, FloatArray]:
    """Return the samples of one shard and its camera projection (3, 4); raises `DataError`."""
    try:
        with np.load(path, allow_pickle=False) as data:
            stored = {name: data[name] for name in data.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise DataError(f"{path} cannot be read ({error}): delete it and collect again") from error
    if str(stored["spec"]) != spec.fingerprint():
        raise DataError(
            f"{path} was collected for spec {stored['spec']}, expected {spec.fingerprint()}: "
            "collect again"
        )
    ends = np.cumsum(stored["png_bytes"])
    buffers = np.split(stored["png"], ends[:-1]) if len(ends) else []
    images = [np.asarray(cv2.imdecode(b, cv2.IMREAD_COLOR))[:, :, ::-1] for b in buffers]
    stack = np.array(images, np.uint8).reshape(-1, HALF_PX, HALF_PX, 3)
    tiny = np.full(len(stack), str(stored["renderer"]) == "tiny")
    samples = Samples(
        images=stack,
        tool_pose=stored["tool_pose"],
        grasp_pose=stored["grasp_pose"],
        success=stored["success"],
        attempt=stored["attempt"],
        tiny=tiny,
    )
    return samples, stored["projection"]
