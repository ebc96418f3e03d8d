# SPDX-License-Identifier: Apache-2.0
"""Calibration on simulated pictures of the board, with noise, against the known truth."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from calibration_cell import ENCODER_NOISE_RAD, CalibrationCell, transform

from rlcg_core.calibration import Calibration
from rlcg_core.errors import ConfigError, InputError
from rlcg_core.transforms import rotation_between_rad
from rlcg_policy.calibrate.board import Board, BoardSize, BoardView
from rlcg_policy.calibrate.hand_eye import calibrate_pose
from rlcg_policy.calibrate.intrinsics import calibrate_intrinsics
from rlcg_policy.calibrate.refine import Poses, Shot, error_px, refine

LENS_PICTURES, POSE_PICTURES = 20, 20
SEEDS = [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4))]


@dataclass
class Taken:
    """A cell and what was seen in it."""

    cell: CalibrationCell
    lens_views: list[BoardView]
    shots: list[Shot]


@pytest.fixture(scope="module", params=SEEDS)
def taken(request: pytest.FixtureRequest) -> Taken:
    cell = CalibrationCell(request.param)
    pictures = enumerate(cell.lens_pictures(LENS_PICTURES))
    views = [cell.board.find(image, f"{i:03}.png") for i, image in pictures]
    shots = []
    for i, (image, joints) in enumerate(cell.stations(POSE_PICTURES)):
        tool = cell.kinematics.transform_tool_to_base(joints)
        shots.append(Shot(cell.board.find(image, f"{i:03}.png"), tool))
    return Taken(cell, views, shots)


def lens_of(taken: Taken) -> Calibration:
    return calibrate_intrinsics(taken.lens_views, "camera").calibration


def corners_m(cell: CalibrationCell) -> np.ndarray:
    return np.array(cell.board.charuco.getChessboardCorners(), dtype=np.float64)


def corners_px(cell: CalibrationCell, lens: Calibration, pose: np.ndarray) -> np.ndarray:
    """Return where a lens puts the corners (n, 2) of the board at a pose (4, 4) before it."""
    turn = cv2.Rodrigues(pose[:3, :3])[0]
    pixels = cv2.projectPoints(
        corners_m(cell), turn, pose[:3, 3], lens.intrinsics_px, lens.distortion
    )[0]
    return pixels.reshape(-1, 2)


def error_on_new_poses_px(cell: CalibrationCell, found: Calibration) -> float:
    """Return the reprojection error over poses that were not calibrated on, without noise."""
    squares = []
    for _ in range(20):
        seen = corners_px(cell, cell.lens, cell.scene.random_pose())
        _, turn, shift = cv2.solvePnP(corners_m(cell), seen, found.intrinsics_px, found.distortion)
        again = corners_px(cell, found, transform(turn, shift.ravel()))
        squares.append(np.sum((again - seen) ** 2, axis=1))
    return float(np.sqrt(np.mean(squares)))


def test_the_lens_is_found_to_less_than_half_a_pixel(taken: Taken) -> None:
    found = calibrate_intrinsics(taken.lens_views, "camera")
    assert found.error_px < 0.5
    assert set(found.view_errors_px) == {view.name for view in taken.lens_views}
    assert error_on_new_poses_px(taken.cell, found.calibration) < 0.5
    truth = taken.cell.lens
    shift = np.abs(found.calibration.intrinsics_px - truth.intrinsics_px)
    assert shift.max() < 0.006 * truth.intrinsics_px[0, 0]
    for axis in (0, 1):
        assert shift[axis, axis] < 5.0 * found.focal_deviation_px[axis]
    assert (found.calibration.width_px, found.calibration.height_px) == (640, 512)


def test_the_camera_is_found_to_less_than_three_millimetres(taken: Taken) -> None:
    pose = calibrate_pose(taken.shots, lens_of(taken))
    truth, found = taken.cell.camera_to_base, pose.transform_camera_to_base
    assert np.linalg.norm(found[:3, 3] - truth[:3, 3]) < 0.003
    assert rotation_between_rad(found, truth) < np.deg2rad(0.3)
    assert pose.error_px < 0.5
    assert pose.position_deviation_m < 0.003
    mounted = taken.cell.board_to_tool
    assert np.linalg.norm(pose.transform_board_to_tool[:3, 3] - mounted[:3, 3]) < 0.003
    np.testing.assert_allclose(found[:3, :3] @ found[:3, :3].T, np.eye(3), atol=1e-9)


def projected(cell: CalibrationCell, pose: np.ndarray, i: int) -> BoardView:
    """Return what would be found in a picture of the board: its corners, with noise."""
    exact = corners_px(cell, cell.lens, pose)
    noisy = exact + cell.rng.normal(0, 0.1, exact.shape)
    return BoardView(f"{i:03}.png", corners_m(cell), noisy, (640, 512))


def without_pictures(seed: int, count: int, joint_noise_rad: float) -> Taken:
    cell = CalibrationCell(seed)
    views = [projected(cell, cell.scene.random_pose(), i) for i in range(count)]
    poses = enumerate(cell.tool_poses(count, joint_noise_rad=joint_noise_rad))
    return Taken(cell, views, [Shot(projected(cell, pose, i), tool) for i, (tool, pose) in poses])


@pytest.fixture(scope="module")
def one() -> Taken:
    return without_pictures(7, count=12, joint_noise_rad=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_the_position_is_good_in_many_cells(seed: int) -> None:
    many = without_pictures(seed, count=20, joint_noise_rad=ENCODER_NOISE_RAD)
    found = calibrate_pose(many.shots, lens_of(many)).transform_camera_to_base
    assert np.linalg.norm(found[:3, 3] - many.cell.camera_to_base[:3, 3]) < 0.003


def test_the_refinement_finds_back_from_a_start_that_is_off(one: Taken) -> None:
    best = calibrate_pose(one.shots, one.cell.lens)
    poses = Poses(best.transform_camera_to_base, best.transform_board_to_tool)
    off = poses.moved(np.full(12, 0.03))
    assert error_px(one.shots, one.cell.lens, off) > 10.0
    found = refine(one.shots, one.cell.lens, off)
    np.testing.assert_allclose(
        found.transform_camera_to_base, best.transform_camera_to_base, atol=1e-5
    )


def test_too_few_pictures_are_refused(one: Taken) -> None:
    with pytest.raises(InputError, match="found in 7 pictures, expected at least 8"):
        calibrate_intrinsics(one.lens_views[:7], "camera")
    with pytest.raises(InputError, match="found in 7 pictures, expected at least 8"):
        calibrate_pose(one.shots[:7], one.cell.lens)


def test_pictures_of_two_sizes_are_refused(one: Taken) -> None:
    other = replace(one.lens_views[0], size_px=(1280, 720))
    with pytest.raises(InputError, match=r"sizes \[\(640, 512\), \(1280, 720\)\], expected one"):
        calibrate_intrinsics([other, *one.lens_views[1:]], "camera")


def test_a_bad_picture_is_named(one: Taken) -> None:
    bad = one.lens_views[3]
    bent = replace(bad, corners_px=bad.corners_px + one.cell.rng.normal(0, 8, (24, 2)))
    with pytest.raises(InputError, match=r"worst is 003\.png"):
        calibrate_intrinsics([*one.lens_views[:3], bent, *one.lens_views[4:]], "camera")


def test_a_board_held_always_the_same_way_does_not_tell_the_focal_length(one: Taken) -> None:
    first = one.lens_views[0]
    alike = [
        replace(first, corners_px=first.corners_px + one.cell.rng.normal(0, 0.3, (24, 2)))
        for _ in range(12)
    ]
    with pytest.raises(InputError, match="tilt the board"):
        calibrate_intrinsics(alike, "camera")


def test_a_board_that_slipped_or_is_of_another_size_is_refused(one: Taken) -> None:
    shot = one.shots[5]
    slipped = shot.transform_tool_to_base.copy()
    slipped[:3, 3] += [0.05, 0.0, 0.05]
    shots = [*one.shots[:5], replace(shot, transform_tool_to_base=slipped), *one.shots[6:]]
    with pytest.raises(InputError, match=r"worst is 005\.png.*did the board slip"):
        calibrate_pose(shots, one.cell.lens)
    larger = [replace(s, view=replace(s.view, corners_m=1.1 * s.view.corners_m)) for s in one.shots]
    with pytest.raises(InputError, match="board size right"):
        calibrate_pose(larger, one.cell.lens)


def test_a_tool_that_turns_about_one_axis_only_does_not_tell_the_pose(one: Taken) -> None:
    reach = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.2])
    poses = enumerate(one.cell.tool_poses(12, reach))
    shots = [Shot(projected(one.cell, pose, i), tool) for i, (tool, pose) in poses]
    with pytest.raises(InputError, match="turn the tool"):
        calibrate_pose(shots, one.cell.lens)


def test_a_picture_without_the_board_says_how_much_was_found() -> None:
    board = Board(BoardSize())
    with pytest.raises(InputError, match=r"empty\.png: found 0 of 24 corners"):
        board.find(np.full((512, 640, 3), 128, np.uint8), "empty.png")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (BoardSize(columns=2), "expected at least 3x3"),
        (BoardSize(columns=11, rows=11), "at most 50 markers"),
        (BoardSize(marker_m=0.038), "expected 30 to 90 percent"),
        (BoardSize(square_m=0.0, marker_m=0.0), "expected 30 to 90 percent"),
    ],
)
def test_a_board_that_cannot_be_printed_is_refused(size: BoardSize, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        Board(size)
