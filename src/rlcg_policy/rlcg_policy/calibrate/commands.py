# SPDX-License-Identifier: Apache-2.0
"""`rlcg calibrate board|intrinsics|extrinsics`; see docs/camera.md."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rlcg_core.cell import ROBOT1
from rlcg_core.command_line import Add, commands_of
from rlcg_core.errors import ConfigError, RlcgError

BOARD, ARM = (5, 7, 38.0, 28.0), ROBOT1.arm


def calibrate(words: Sequence[str]) -> int:
    """Print a board, and calibrate a camera with it: intrinsics, and pose in the cell."""
    options = _parser().parse_args(words)
    try:
        options.run(options)
    except RlcgError as error:
        print(f"rlcg calibrate: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


def main() -> None:
    """Run the command as a program of its own."""
    sys.exit(calibrate(sys.argv[1:]))


def _board(options: argparse.Namespace) -> None:
    from rlcg_policy.calibrate import jobs

    jobs.print_board(options)


def _intrinsics(options: argparse.Namespace) -> None:
    from rlcg_policy.calibrate import jobs

    jobs.intrinsics(options)


def _extrinsics(options: argparse.Namespace) -> None:
    from rlcg_policy.calibrate import jobs

    options.urdf = options.urdf or _default_urdf()
    jobs.extrinsics(options)


def _default_urdf() -> Path:
    """Return the cell's own robot description in the installed workspace."""
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    for prefix in prefixes:
        path = prefix / "share" / "rlcg_policy" / "config" / "urdf" / ROBOT1.urdf
        if path.is_file():
            return path
    raise ConfigError(f"{ROBOT1.urdf} is not found: source install/setup.bash, or give --urdf")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rlcg calibrate", description=calibrate.__doc__)
    add = commands_of(parser)
    _add_board(add)
    _add_intrinsics(add)
    _add_extrinsics(add)
    return parser


def _add_squares(command: argparse.ArgumentParser) -> None:
    """Add what all need to know of the board; the default of each option is told."""
    command.formatter_class = argparse.ArgumentDefaultsHelpFormatter
    command.add_argument("--columns", type=int, default=BOARD[0], help="squares across")
    command.add_argument("--rows", type=int, default=BOARD[1], help="squares down")
    text = "side of a square, as measured"
    command.add_argument("--square-mm", type=float, default=BOARD[2], help=text)
    command.add_argument("--marker-mm", type=float, default=BOARD[3], help="side of a marker")


def _add_board(add: Add) -> None:
    board = add("board", _board, "write the board to print, in true size")
    _add_squares(board)
    board.add_argument("--out", type=Path, default=Path("board.pdf"), help=".pdf or .png")


def _add_intrinsics(add: Add) -> None:
    inside = add("intrinsics", _intrinsics, "calibrate a lens from a folder of pictures")
    _add_squares(inside)
    inside.add_argument("pictures", type=Path, help="folder of .png and .jpg files")
    inside.add_argument("--out", type=Path, default=Path("camera.yaml"), help="calibration file")
    inside.add_argument("--camera-name", default="camera", help="camera_name in it")
    inside.add_argument("--max-error-px", type=float, default=1.0, help="refuse a worse one")


def _add_extrinsics(add: Add) -> None:
    pose = add("extrinsics", _extrinsics, "find a fixed camera's pose; the board is on the tool")
    _add_squares(pose)
    pose.add_argument("snapshots", type=Path, help="folder that snapshot_node wrote")
    pose.add_argument("--out", type=Path, default=Path("camera_pose.yaml"), help="parameter file")
    pose.add_argument("--urdf", type=Path, help="robot description; none: the Kuka's")
    pose.add_argument("--base-frame", default=ARM.base_frame, help="frame of the pose")
    pose.add_argument("--tool-frame", default=ARM.tool_frame, help="any frame fixed to the board")
    pose.add_argument("--joints", nargs="+", default=list(ARM.joint_names), help="base to tool")
    pose.add_argument("--max-error-px", type=float, default=3.0, help="refuse a worse one")


if __name__ == "__main__":
    main()
