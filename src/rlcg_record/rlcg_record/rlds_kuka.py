# SPDX-License-Identifier: Apache-2.0
"""The public `kuka` data set of QT-Opt (Open X-Embodiment) as episodes of ours.

Stored by TFDS as RLDS: one tf.train.Example per episode, each feature of all steps in one list.
Image: JPEG or PNG files. Tensors that TFDS compressed are one zlib text of float32 per step.
The camera's projection is not in the data and stays unknown; poses are in the robot's base.
"""

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.errors import DataError, InputError, RlcgError
from rlcg_core.reasons import Outcome
from rlcg_core.transforms import matrix_from_pose
from rlcg_core.types import ImageArray
from rlcg_policy.camera.codec import decode_picture
from rlcg_record.bag_records import Refused
from rlcg_record.records import EpisodeRecord, StepRecord
from rlcg_record.tfrecord import parse_example, read_records

FloatArray = npt.NDArray[np.float64]

POSE = "observation/clip_function_input/base_pose_tool_reached"
# Names below "steps/", and how many numbers each step has.
TENSORS = {
    POSE: 7,
    "observation/gripper_closed": 1,
    "observation/height_to_bottom": 1,
    "action/world_vector": 3,
    "action/rotation_delta": 3,
    "action/gripper_closedness_action": 1,
    "action/terminate_episode": 3,
}
# As in RT-1's data: one of three says "terminate".
TERMINATE = (1.0, 0.0, 0.0)


def kuka_records(path: Path) -> Iterator[EpisodeRecord | Refused]:
    """Yield the episodes of a TFRecord file, or why one is not taken; raises `DataError`.

    An action outside our spec is refused, not clipped: a network would learn another action.
    """
    for number, data in enumerate(read_records(path)):
        name = f"{path.name}-{number:05d}"
        features = parse_example(data)
        try:
            yield _episode(name, path.name, features)
        except RlcgError as error:
            yield Refused(name, str(error))


def _episode(name: str, source: str, features: Mapping[str, Any]) -> EpisodeRecord:
    files = _feature(features, "steps/observation/image")
    if not isinstance(files, list):
        raise DataError("steps/observation/image holds numbers, expected JPEG or PNG files")
    values = {key: _tensor(features, key, len(files), size) for key, size in TENSORS.items()}
    success = bool(np.ravel(_feature(features, "success"))[0])
    return EpisodeRecord(
        name=name,
        source=f"kuka of Open X-Embodiment, {source}",
        steps=tuple(_step(file, values, k) for k, file in enumerate(files)),
        outcome=Outcome.SUCCESS if success else Outcome.FAILURE,
        judge="data set",
    )


def _step(file: bytes, values: Mapping[str, FloatArray], k: int) -> StepRecord:
    pose = values[POSE][k]
    rotation = matrix_from_pose(pose[:3], pose[3:])
    yaw_rad = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
    closed = float(values["observation/gripper_closed"][k, 0] > 0.5)
    height_m = float(values["observation/height_to_bottom"][k, 0])
    return StepRecord(
        image_hwc=_picture(file),
        state=(closed, height_m),
        tool_pose=(*(float(number) for number in pose[:3]), yaw_rad),
        projection=(),
        action=tuple(_action(values, k).tolist()),
        stamp_s=float(k),
    )


def _action(values: Mapping[str, FloatArray], k: int) -> FloatArray:
    """Return the step's action in the spec's order; raises `SpecError` outside its bounds."""
    turn_rad = values["action/rotation_delta"][k, 2]
    grip = values["action/gripper_closedness_action"][k, 0]
    ends = tuple(values["action/terminate_episode"][k]) == TERMINATE
    flags = [float(grip > 0.5), float(grip < -0.5), float(ends)]
    move = values["action/world_vector"][k]
    return spec.check_action([*move, np.sin(turn_rad), np.cos(turn_rad), *flags])


def _tensor(features: Mapping[str, Any], key: str, steps: int, size: int) -> FloatArray:
    """Return a feature as (steps, size), whether it is stored as numbers or compressed."""
    stored = _feature(features, f"steps/{key}")
    if isinstance(stored, list):
        try:
            stored = np.frombuffer(b"".join(_inflated(text, 4 * size) for text in stored), "<f4")
        except (zlib.error, ValueError) as error:
            raise DataError(f"steps/{key} cannot be decompressed ({error})") from error
    if stored.size != steps * size or not np.all(np.isfinite(stored)):
        raise DataError(
            f"steps/{key} has {stored.size} numbers, expected {steps} x {size} finite ones"
        )
    return np.asarray(stored, np.float64).reshape(steps, size)


def _inflated(text: bytes, size: int) -> bytes:
    """Return what a step's text grows to; raises `ValueError` if it is cut short or too long."""
    reader = zlib.decompressobj()
    contents = reader.decompress(text, size + 1)
    if not reader.eof or len(contents) != size:
        raise ValueError(f"a step has {len(contents)} or more bytes, expected {size}")
    return contents


def _feature(features: Mapping[str, Any], name: str) -> Any:
    found = features.get(name)
    if found is None or len(found) == 0:
        raise DataError(f"feature {name} is missing or empty, there are {sorted(features)}")
    return found


def _picture(file: bytes) -> ImageArray:
    shape = (spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, spec.IMAGE_CHANNELS)
    try:
        image_hwc = decode_picture(file)
    except InputError as error:
        raise DataError(f"an image cannot be read: {error}") from error
    if image_hwc.shape != shape:
        raise DataError(f"an image is of {image_hwc.shape}, expected JPEG or PNG of {shape}")
    return image_hwc
