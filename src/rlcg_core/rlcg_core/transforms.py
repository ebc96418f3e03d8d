# SPDX-License-Identifier: Apache-2.0
"""Rigid transforms: position and quaternion (x, y, z, w; REP-103) to a matrix and back."""

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import ConfigError

FloatArray = npt.NDArray[np.float64]


def matrix_from_pose(position_m: npt.ArrayLike, quaternion_xyzw: npt.ArrayLike) -> FloatArray:
    """Return the (4, 4) transform; raises `ConfigError` unless the quaternion has norm 1."""
    position, quaternion = np.asarray(position_m, float), np.asarray(quaternion_xyzw, float)
    norm = float(np.linalg.norm(quaternion))
    if position.shape != (3,) or quaternion.shape != (4,) or not abs(norm - 1.0) < 1e-3:
        raise ConfigError(
            f"pose is {position.tolist()} m, {quaternion.tolist()}, expected a position (x, y, z) "
            "and a unit quaternion (x, y, z, w)"
        )
    x, y, z, w = quaternion / norm
    transform = np.eye(4)
    transform[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    transform[:3, 3] = position
    return transform


def quaternion_from_matrix(transform: FloatArray) -> FloatArray:
    """Return the unit quaternion (x, y, z, w), w >= 0, of the rotation in a (3+, 3+) matrix.

    It is the eigenvector of the largest eigenvalue of Bar-Itzhack's matrix (2000), J. Guid.
    Control Dyn. 23:1085-1087: no case distinctions, and accurate at half turns.
    """
    r = transform[:3, :3]
    k = np.zeros((4, 4))
    k[:3, :3] = r + r.T - np.trace(r) * np.eye(3)
    k[:3, 3] = k[3, :3] = [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]]
    k[3, 3] = np.trace(r)
    quaternion = np.linalg.eigh(k)[1][:, -1]
    return np.asarray(quaternion if quaternion[3] >= 0.0 else -quaternion)


def rotation_between_rad(one: FloatArray, other: FloatArray) -> float:
    """Return the angle of the rotation that takes one transform's axes to the other's."""
    cosine = 0.5 * (float(np.trace(one[:3, :3].T @ other[:3, :3])) - 1.0)
    return float(np.arccos(np.clip(cosine, -1.0, 1.0)))
