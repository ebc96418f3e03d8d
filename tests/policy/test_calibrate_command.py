# SPDX-License-Identifier: Apache-2.0
"""`rlcg calibrate` from files to files, and the files themselves."""

import json
import re
import struct
import zlib
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from calibration_cell import URDF, CalibrationCell

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import ConfigError, InputError
from rlcg_core.parameters import from_values
from rlcg_core.types import JointSample
from rlcg_policy.calibrate.board import Board, BoardSize
from rlcg_policy.calibrate.board_print import write_board
from rlcg_policy.calibrate.commands import calibrate
from rlcg_policy.calibrate.snapshots import Snapshot, read_snapshot, write_snapshot
from rlcg_policy.calibrate.stillness import Stillness
from rlcg_policy.camera.calibration_file import read_calibration
from rlcg_policy.policy_parameters import PolicyParameters

NAMES = ROBOT1.arm.joint_names
CAMERA = {
    "width_px": 640,
    "height_px": 512,
    "intrinsics_px": (700.0, 0.0, 320.0, 0.0, 700.0, 256.0, 0.0, 0.0, 1.0),
    "distortion": (0.0,) * 5,
}
PICTURE = np.full((512, 640, 3), 90, np.uint8)


def snapshot(joints: tuple[float, ...] = (0.0,) * 7, **changed: object) -> Snapshot:
    return Snapshot(
        **{"stamp_s": 1.0, "joint_names": NAMES, "positions_rad": joints, **CAMERA, **changed}
    )


@pytest.mark.slow
def test_from_pictures_to_the_parameters_of_the_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Lens first, then snapshots with that lens, then the pose; as docs/camera.md tells."""
    cell = CalibrationCell(11)
    lens_file, pose_file = tmp_path / "camera.yaml", tmp_path / "camera_pose.yaml"
    for image in cell.lens_pictures(16):
        write_snapshot(tmp_path / "lens", image, snapshot((), joint_names=()))
    write_snapshot(tmp_path / "lens", PICTURE, snapshot((), joint_names=()))
    words = ["intrinsics", str(tmp_path / "lens"), "--out", str(lens_file), "--camera-name", "left"]
    assert calibrate(words) == 0
    told = capsys.readouterr().out
    assert "left out 016.png: found 0 of 24 corners" in told
    error = re.search(r"reprojection error (\d+\.\d+) px over 16 pictures", told)
    assert error is not None
    assert float(error[1]) < 0.5

    lens = read_calibration(lens_file)
    assert lens.camera_name == "left"
    known = {
        "intrinsics_px": tuple(lens.intrinsics_px.ravel().tolist()),
        "distortion": tuple(lens.distortion.tolist()),
    }
    for image, joints in cell.stations(16):
        # A driver names its joints in any order, and others among them.
        names, positions = (*NAMES[::-1], "gripper"), (*joints[::-1].tolist(), 0.08)
        write_snapshot(tmp_path / "pose", image, snapshot(positions, joint_names=names, **known))
    words = ["extrinsics", str(tmp_path / "pose"), "--out", str(pose_file), "--urdf", str(URDF)]
    assert calibrate(words) == 0, capsys.readouterr().err
    assert "position known to" in capsys.readouterr().out
    written = yaml.safe_load(pose_file.read_text())["/**/policy_node"]["ros__parameters"]
    found = from_values(PolicyParameters, written).transform_camera_to_base
    assert np.linalg.norm(found[:3, 3] - cell.camera_to_base[:3, 3]) < 0.003
    assert np.abs(found[:3, :3] - cell.camera_to_base[:3, :3]).max() < 0.005


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["intrinsics", "nowhere"], "no pictures in nowhere, expected .png"),
        (["extrinsics", "nowhere", "--urdf", str(URDF)], "no pictures in nowhere"),
        (["extrinsics", "nowhere", "--urdf", "robot.urdf"], "no robot description at robot.urdf"),
        (["board", "--out", "board.svg"], "expected a name ending in .pdf or .png"),
        (["board", "--columns", "1"], "expected at least 3x3"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(
    words: list[str],
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert calibrate(words) in (1, 2)
    error = capsys.readouterr().err
    assert error.startswith("rlcg calibrate: ")
    assert text in error
    assert len(error.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_pdf_is_one_page_with_the_board_in_true_size(tmp_path: Path) -> None:
    path = tmp_path / "board.pdf"
    assert calibrate(["board", "--out", str(path)]) == 0
    data = path.read_bytes()
    page = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)
    placed = re.search(rb"q ([\d.]+) 0 0 ([\d.]+) 0 0 cm /Board Do Q", data)
    pixels = re.search(rb"/Width (\d+) /Height (\d+)", data)
    assert page is not None
    assert placed is not None
    assert pixels is not None
    millimetres = [float(side) / 72.0 * 25.4 for side in placed.groups()]
    # 5x7 squares of 38 mm and a margin of 10 mm around: it fits on A4.
    np.testing.assert_allclose(millimetres, [210.0, 286.0], atol=0.05)
    assert page.groups() == placed.groups()
    packed = data[data.index(b"stream\n", pixels.end()) + 7 :]
    image = np.frombuffer(zlib.decompressobj().decompress(packed), np.uint8)
    image = image.reshape(int(pixels[2]), int(pixels[1]))
    view = Board(BoardSize()).find(np.repeat(image[..., None], 3, axis=2), "page")
    scale = millimetres[0] / image.shape[1]
    np.testing.assert_allclose(
        (view.corners_px + 0.5) * scale, 1e3 * view.corners_m[:, :2] + 10.0, atol=0.1
    )
    # The table of places is right, as readers without a repair mode need it.
    start = int(data.split(b"startxref\n")[1].split(b"\n")[0])
    assert data[start : start + 4] == b"xref"
    for number, line in enumerate(data[start:].split(b"\n")[3:8], start=1):
        assert data[int(line[:10]) :].startswith(b"%d 0 obj" % number)


def test_the_png_says_its_size(tmp_path: Path) -> None:
    write_board(Board(BoardSize(4, 3, 0.05, 0.035)), tmp_path / "board.png")
    data = (tmp_path / "board.png").read_bytes()
    place = data.index(b"pHYs")
    across, down, unit = struct.unpack(">IIB", data[place + 4 : place + 13])
    assert struct.unpack(">I", data[place + 13 : place + 17])[0] == zlib.crc32(
        data[place : place + 13]
    )
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert unit == 1
    assert across == down
    np.testing.assert_allclose(np.array(image.shape[::-1]) / across, [0.22, 0.17], atol=1e-4)


def test_a_snapshot_survives_its_files_and_numbers_go_on(tmp_path: Path) -> None:
    first = write_snapshot(tmp_path, PICTURE, snapshot(tuple(0.1 * i for i in range(7))))
    second = write_snapshot(tmp_path, PICTURE, snapshot())
    assert [first.name, second.name] == ["000.png", "001.png"]
    found = read_snapshot(first)
    assert found == snapshot(tuple(0.1 * i for i in range(7)))
    assert found.camera.intrinsics_px[0, 0] == 700.0


@pytest.mark.parametrize(
    "change", [{"positions_rad": ["a"] * 7}, {"positions_rad": [float("nan")] * 7}, {"more": 1}]
)
def test_a_snapshot_that_was_changed_is_refused(tmp_path: Path, change: dict) -> None:
    path = write_snapshot(tmp_path, PICTURE, snapshot()).with_suffix(".json")
    path.write_text(json.dumps({**asdict(snapshot()), **change}))
    with pytest.raises(ConfigError, match=r"000\.json"):
        read_snapshot(path.with_suffix(".png"))
    path.unlink()
    with pytest.raises(ConfigError, match="take pictures with snapshot_node"):
        read_snapshot(path.with_suffix(".png"))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ([{}, {"intrinsics_px": (0.0,) * 9}], "2 different calibrations"),
        ([{"intrinsics_px": (0.0,) * 9}], "calibrate the camera"),
        ([{"joint_names": ("a",), "positions_rad": (0.0,)}], "has joints ['a'], expected"),
        ([{"positions_rad": (0.0,)}], "has 7 joint names and 1 positions"),
    ],
)
def test_snapshots_that_do_not_fit_are_refused(
    tmp_path: Path, changes: list[dict], text: str, capsys: pytest.CaptureFixture
) -> None:
    drawn = Board(BoardSize()).charuco.generateImage((300, 420), marginSize=20)
    framed = cv2.copyMakeBorder(drawn, 46, 46, 170, 170, cv2.BORDER_CONSTANT, value=255)
    board = np.repeat(np.asarray(framed)[..., None], 3, axis=2)
    for i in range(8):
        write_snapshot(tmp_path, board, snapshot(**changes[i % len(changes)]))
    assert calibrate(["extrinsics", str(tmp_path), "--urdf", str(URDF)]) == 2
    assert text in capsys.readouterr().err


def at_rest(until_s: float, positions: float = 0.1, rate_hz: float = 100.0) -> Stillness:
    watch = Stillness()
    for stamp_s in np.arange(0.0, until_s, 1.0 / rate_hz):
        watch.note(JointSample(("a",), np.array([positions]), np.zeros(1), float(stamp_s)))
    return watch


def test_an_arm_at_rest_gives_the_joints_of_the_pictures_time() -> None:
    assert at_rest(3.0).at(2.0).stamp_s == pytest.approx(2.0, abs=0.006)


def test_an_arm_that_moves_around_the_picture_is_refused() -> None:
    watch = at_rest(3.0)
    watch.note(JointSample(("a",), np.array([0.102]), np.zeros(1), 3.0))
    with pytest.raises(InputError, match=r"moved by 0\.0020 rad around the picture"):
        watch.at(3.0)


@pytest.mark.parametrize("stamp_s", [0.3, 5.0])
def test_joint_states_that_do_not_cover_the_picture_are_refused(stamp_s: float) -> None:
    with pytest.raises(InputError, match="do not cover"):
        at_rest(3.0).at(stamp_s)
    with pytest.raises(InputError, match="do not cover"):
        Stillness().at(stamp_s)


def test_a_clock_that_was_set_back_begins_anew() -> None:
    watch = at_rest(3.0)
    watch.note(JointSample(("a",), np.array([0.1]), np.zeros(1), 1.0))
    with pytest.raises(InputError, match="do not cover"):
        watch.at(1.0)
