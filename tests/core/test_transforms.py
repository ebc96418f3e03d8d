# SPDX-License-Identifier: Apache-2.0
"""Rotations there and back, and a camera compared with the one a model knows."""

from dataclasses import replace

import numpy as np
import pytest
from bundles import example_manifest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.camera_envelope import misfit
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import ConfigError
from rlcg_core.transforms import matrix_from_pose, quaternion_from_matrix, rotation_between_rad

NUMBERS = st.floats(-1.0, 1.0)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_a_quaternion_survives_the_way_to_a_matrix_and_back(numbers: tuple[float, ...]) -> None:
    quaternion = np.array(numbers)
    norm = np.linalg.norm(quaternion)
    quaternion = quaternion / norm if norm > 0.1 else np.array([0.0, 0.0, 0.0, 1.0])
    transform = matrix_from_pose((0.1, 0.2, 0.3), quaternion)
    rotation = transform[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert abs(float(quaternion_from_matrix(transform) @ quaternion)) == pytest.approx(1.0)


def test_a_quarter_turn_about_z_takes_x_to_y() -> None:
    transform = matrix_from_pose((0, 0, 0), (0, 0, np.sqrt(0.5), np.sqrt(0.5)))
    np.testing.assert_allclose(transform[:3, :3] @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    assert rotation_between_rad(transform, np.eye(4)) == pytest.approx(np.pi / 2)


@pytest.mark.parametrize("wrong", [(0, 0, 0, 0), (1, 1, 0, 0), (0, 0, 1), (np.nan, 0, 0, 1)])
def test_what_is_no_unit_quaternion_is_refused(wrong: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="unit quaternion"):
        matrix_from_pose((0, 0, 0), wrong)


def test_the_trained_camera_fits_and_a_moved_one_is_described() -> None:
    camera, envelope = ROBOT1.camera, example_manifest().camera
    assert misfit(camera, envelope) == ""
    moved = camera.transform_camera_to_base.copy()
    moved[0, 3] += 0.1
    assert "position is off by [m] 0.1 " in misfit(
        replace(camera, transform_camera_to_base=moved), envelope
    )
    turned = camera.transform_camera_to_base @ matrix_from_pose(
        (0, 0, 0), (0, 0, np.sin(0.1), np.cos(0.1))
    )
    assert "orientation is off by [rad] 0.2 " in misfit(
        replace(camera, transform_camera_to_base=turned), envelope
    )
    zoomed = camera.intrinsics_px * [[1.2], [1.2], [1.0]]
    text = misfit(replace(camera, intrinsics_px=zoomed), envelope)
    assert "focal length" in text
    assert "image centre" in text
