# SPDX-License-Identifier: Apache-2.0
"""What the calibration commands do: read files, calibrate, tell, write files."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from rlcg_core.calibration import Calibration
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import ConfigError, InputError
from rlcg_core.transforms import quaternion_from_matrix
from rlcg_core.types import ImageArray
from rlcg_policy.calibrate.board import Board, BoardSize, BoardView
from rlcg_policy.calibrate.board_print import write_board
from rlcg_policy.calibrate.hand_eye import CameraPose, calibrate_pose
from rlcg_policy.calibrate.intrinsics import calibrate_intrinsics
from rlcg_policy.calibrate.refine import Shot
from rlcg_policy.calibrate.snapshots import Snapshot, read_pictures, read_snapshot
from rlcg_policy.camera.calibration_file import write_calibration
from rlcg_policy.kinematics import PinocchioKinematics

FloatArray = npt.NDArray[np.float64]


def print_board(options: argparse.Namespace) -> None:
    """Write the board as a file to print."""
    board = _board(options)
    write_board(board, options.out)
    size = board.size
    print(
        f"wrote {options.out}: print it at 100 percent ('actual size'), glue it to something flat, "
        f"and measure: {size.columns} squares are {1e3 * size.columns * size.square_m:g} mm"
    )


def intrinsics(options: argparse.Namespace) -> None:
    """Calibrate a lens and write the calibration file."""
    views = [view for _, view in _views(_board(options), read_pictures(options.pictures))]
    found = calibrate_intrinsics(views, options.camera_name, options.max_error_px)
    write_calibration(found.calibration, options.out)
    _tell_errors(found.view_errors_px, found.error_px)
    (fx, fy), (dx, dy) = found.calibration.intrinsics_px.diagonal()[:2], found.focal_deviation_px
    print(f"focal length {fx:.1f} (+- {dx:.1f}) x {fy:.1f} (+- {dy:.1f}) px")
    print(f"wrote {options.out}; give it to camera_node: camera_info_url:=file://<its full path>")


def extrinsics(options: argparse.Namespace) -> None:
    """Find the camera's pose and write it as parameters of policy_node."""
    arm = replace(
        ROBOT1.arm,
        joint_names=tuple(options.joints),
        base_frame=options.base_frame,
        tool_frame=options.tool_frame,
    )
    kinematics = PinocchioKinematics(options.urdf, arm)
    snapshots: dict[Path, Snapshot] = {}
    shots = []
    for file, view in _views(_board(options), read_pictures(options.snapshots)):
        snapshots[file] = read_snapshot(file)
        tool = kinematics.transform_tool_to_base(_joints(snapshots[file], arm.joint_names, file))
        shots.append(Shot(view, tool))
    found = calibrate_pose(shots, _camera(snapshots), options.max_error_px)
    write_pose(found, len(shots), options.out)
    _tell_errors(found.view_errors_px, found.error_px)
    print(f"position known to {1e3 * found.position_deviation_m:.1f} mm (standard error)")
    print(f"wrote {options.out}; add it to your params_file")


def write_pose(pose: CameraPose, pictures: int, path: Path) -> None:
    """Write the pose as a ROS parameter file for policy_node; raises `ConfigError`."""
    transform = pose.transform_camera_to_base
    parameters = {
        "camera_position_m": [round(float(v), 6) for v in transform[:3, 3]],
        "camera_quaternion_xyzw": [round(float(v), 8) for v in quaternion_from_matrix(transform)],
    }
    head = (
        f"# Camera in the base frame, by rlcg calibrate extrinsics: {pictures} pictures, "
        f"{pose.error_px:.2f} px,\n# standard error of the position "
        f"{1e3 * pose.position_deviation_m:.1f} mm.\n"
    )
    text = yaml.safe_dump(
        {"/**/policy_node": {"ros__parameters": parameters}}, default_flow_style=None, width=100
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from error


def _board(options: argparse.Namespace) -> Board:
    square_m, marker_m = 1e-3 * options.square_mm, 1e-3 * options.marker_mm
    return Board(BoardSize(options.columns, options.rows, square_m, marker_m))


def _views(board: Board, pictures: Mapping[Path, ImageArray]) -> Iterator[tuple[Path, BoardView]]:
    """Yield the pictures with the board in them; the others are told and left out."""
    for file, image_hwc in pictures.items():
        try:
            yield file, board.find(image_hwc, file.name)
        except InputError as error:
            print(f"left out {error}")


def _joints(snapshot: Snapshot, names: tuple[str, ...], file: Path) -> FloatArray:
    counts = (len(snapshot.joint_names), len(snapshot.positions_rad))
    if counts[0] != counts[1]:
        raise ConfigError(
            f"{file.with_suffix('.json')} has {counts[0]} joint names and {counts[1]} positions, "
            "expected one each: take the picture again"
        )
    positions = dict(zip(snapshot.joint_names, snapshot.positions_rad, strict=True))
    missing = [name for name in names if name not in positions]
    if missing:
        raise ConfigError(
            f"{file.with_suffix('.json')} has joints {list(positions)}, expected {missing} too: "
            "give --joints, from base to tool"
        )
    return np.array([positions[name] for name in names])


def _camera(snapshots: Mapping[Path, Snapshot]) -> Calibration:
    """Return the camera of all snapshots; raises `ConfigError` if it is not one."""
    kinds = {(s.width_px, s.height_px, s.intrinsics_px, s.distortion) for s in snapshots.values()}
    if len(kinds) != 1:
        raise ConfigError(
            f"the snapshots have {len(kinds)} different calibrations, expected one: take them "
            "again, after rlcg calibrate intrinsics"
        )
    try:
        return next(iter(snapshots.values())).camera
    except InputError as error:
        raise ConfigError(f"the snapshots' camera cannot be used: {error}") from error


def _tell_errors(view_errors_px: Mapping[str, float], error_px: float) -> None:
    for name, error in sorted(view_errors_px.items()):
        print(f"{name}: {error:.2f} px")
    print(f"reprojection error {error_px:.2f} px over {len(view_errors_px)} pictures")
