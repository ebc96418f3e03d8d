# SPDX-License-Identifier: Apache-2.0
"""Episodes as the public `kuka` data set stores them."""

import zlib
from typing import Any

import cv2
import numpy as np

from rlcg_record.tfrecord import example_class

STEPS = 3
POSE = "steps/observation/clip_function_input/base_pose_tool_reached"


def smooth_picture(k: int) -> np.ndarray:
    """Return a picture whose red, green and blue differ."""
    ramp = np.tile(np.linspace(0, 255, 640).astype(np.uint8), (512, 1))
    return np.stack([ramp, np.full_like(ramp, 40 * k), ramp[:, ::-1] // 2], axis=2)


def encoded(suffix: str, k: int) -> bytes:
    return cv2.imencode(suffix, np.ascontiguousarray(smooth_picture(k)[:, :, ::-1]))[1].tobytes()


def squeezed(rows: np.ndarray) -> list[bytes]:
    """Return one zlib text of float32 per step, as TFDS stores compressed tensors."""
    return [zlib.compress(row.astype("<f4").tobytes()) for row in rows]


def episode(suffix: str = ".jpg", **changed: Any) -> bytes:
    """Return an episode as the public data set stores it: three steps, closing, then the end."""
    # Tool down with a yaw of 0.3: half a turn about an axis in the horizontal plane.
    pose = np.tile([0.6, 0.1, 0.2, np.cos(0.15), np.sin(0.15), 0.0, 0.0], (STEPS, 1))
    features: dict[str, Any] = {
        "steps/observation/image": [encoded(suffix, k) for k in range(STEPS)],
        POSE: squeezed(pose),
        "steps/observation/gripper_closed": squeezed(np.array([[0.0], [0.0], [1.0]])),
        "steps/observation/height_to_bottom": squeezed(np.array([[0.2], [0.1], [0.05]])),
        "steps/action/world_vector": np.array([0.01, 0.02, -0.03] * STEPS, np.float32),
        "steps/action/rotation_delta": np.array([0.0, 0.0, 0.2] * STEPS, np.float32),
        "steps/action/gripper_closedness_action": np.array([-1.0, 1.0, 0.0], np.float32),
        "steps/action/terminate_episode": np.array([0, 1, 0] * 2 + [1, 0, 0]),
        "steps/reward": np.array([0.0, 0.0, 1.0], np.float32),
        "steps/is_first": np.array([1, 0, 0]),
        "steps/observation/natural_language_instruction": [b"pick anything"] * STEPS,
        "success": np.array([1]),
        **changed,
    }
    example = example_class()()
    for name, value in features.items():
        feature = example.features.feature[name]
        if isinstance(value, list):
            feature.bytes_list.value.extend(value)
        elif value.dtype == np.float32:
            feature.float_list.value.extend(value.tolist())
        else:
            feature.int64_list.value.extend(value.tolist())
    return bytes(example.SerializeToString())
