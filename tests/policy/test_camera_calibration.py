# SPDX-License-Identifier: Apache-2.0
"""Calibration files and their URLs, and the picture that a calibration is for."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from rlcg_core.calibration import Calibration, pinhole, uncalibrated
from rlcg_core.errors import ConfigError
from rlcg_core.parameters import from_values
from rlcg_policy.camera.calibration_file import (
    calibration_text,
    read_calibration,
    write_calibration,
)
from rlcg_policy.camera.calibration_store import CalibrationStore
from rlcg_policy.camera.framing import Framing
from rlcg_policy.camera.info_url import info_path
from rlcg_policy.camera_parameters import CameraParameters

K = np.array([[500.0, 0.0, 310.0], [0.0, 505.0, 250.0], [0.0, 0.0, 1.0]])
BENT = pinhole(640, 512, K, (-0.3, 0.1, 0.001, -0.002, 0.0), "left")

# As written by cameracalibrator of ROS's camera_calibration.
ROS_FILE = """\
image_width: 640
image_height: 480
camera_name: narrow_stereo
camera_matrix:
  rows: 3
  cols: 3
  data: [438.783367, 0.000000, 305.593336, 0.000000, 437.302876, 243.738352, 0.000000, 0.000000, 1.000000]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.361976, 0.110510, 0.001014, 0.000505, 0.000000]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1.000000, 0.000000, 0.000000, 0.000000, 1.000000, 0.000000, 0.000000, 0.000000, 1.000000]
projection_matrix:
  rows: 3
  cols: 4
  data: [393.653800, 0.000000, 322.797939, 0.000000, 0.000000, 393.653800, 241.090902, 0.000000, 0.000000, 0.000000, 1.000000, 0.000000]
"""  # noqa: E501


def shares(package: str) -> Path:
    if package != "my_cell":
        raise ConfigError(f"package '{package}' is not found")
    return Path("/opt/my_cell/share/my_cell")


def test_a_file_of_camera_calibration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(ROS_FILE)
    found = read_calibration(path)
    assert (found.width_px, found.height_px, found.camera_name) == (640, 480, "narrow_stereo")
    assert found.intrinsics_px[1].tolist() == [0.0, 437.302876, 243.738352]
    assert found.distortion.tolist() == [-0.361976, 0.110510, 0.001014, 0.000505, 0.0]
    assert found.projection_px[0, 2] == 322.797939
    assert found.calibrated
    assert found.distorted


def test_a_calibration_survives_the_file_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "camera.yaml"
    write_calibration(BENT, path)
    found = read_calibration(path)
    for name in ("intrinsics_px", "distortion", "rectification", "projection_px"):
        np.testing.assert_array_equal(getattr(found, name), getattr(BENT, name))
    assert found.camera_name == "left"
    assert [p.name for p in path.parent.iterdir()] == ["camera.yaml"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_calibration(BENT, blocked / "camera.yaml")
    assert blocked.read_text() == "no folder"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"camera_matrix": None}, "camera_matrix is None, expected rows, cols and data"),
        ({"camera_matrix": {"rows": 2, "cols": 2, "data": [1, 0, 0, 1]}}, "2x2, expected 3x3"),
        ({"camera_matrix": {"rows": 3, "cols": 3, "data": [0.0] * 9}}, "focal lengths above 0"),
        ({"camera_matrix": {"rows": 3, "cols": 3, "data": [1, 2]}}, "expected rows, cols"),
        ({"image_width": "wide"}, "image_width is 'wide'"),
        ({"image_width": 0}, "size is 0x512"),
        ({"distortion_model": "fish"}, "distortion model is 'fish'"),
        (
            {"distortion_coefficients": {"rows": 1, "cols": 5, "data": [float("nan")] * 5}},
            "distortion coefficients",
        ),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, change: dict, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(calibration_text(BENT)), **change}))
    with pytest.raises(ConfigError, match=text):
        read_calibration(path)


@pytest.mark.parametrize(
    "content", [b"", b"[1, 2]", b"a: [", b"\xff\xfe", b"!!python/object:os.x {}"]
)
def test_what_is_no_calibration_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "camera.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"camera\.yaml"):
        read_calibration(path)


def test_a_calibration_file_runs_no_code(tmp_path: Path) -> None:
    path, made = tmp_path / "camera.yaml", tmp_path / "made"
    path.write_text(f"!!python/object/apply:os.mkdir ['{made}']")
    with pytest.raises(ConfigError, match=r"camera\.yaml"):
        read_calibration(path)
    assert not made.exists()


def test_urls_name_files_as_in_ros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_HOME", "/home/robot/.ros")
    expected = {
        "": "/home/robot/.ros/camera_info/left.yaml",
        "file:///etc/cameras/${NAME}.yaml": "/etc/cameras/left.yaml",
        "file://${ROS_HOME}/left.yaml": "/home/robot/.ros/left.yaml",
        "package://my_cell/config/${NAME}.yaml": "/opt/my_cell/share/my_cell/config/left.yaml",
    }
    found = {url: str(info_path(url, "left", shares)) for url in expected}
    assert found == expected
    monkeypatch.delenv("ROS_HOME")
    home = os.path.expanduser("~/.ros/camera_info/left.yaml")
    assert str(info_path("", "left", shares)) == home


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://host/a.yaml", "expected file:///path"),
        ("/etc/a.yaml", "expected file:///path"),
        ("file://a.yaml", "expected an absolute path"),
        ("package://my_cell", "expected file:///path"),
        ("package://other/a.yaml", "'other' is not found"),
        ("file:///${HOME}/a.yaml", r"with \$\{HOME\}"),
    ],
)
def test_a_url_that_names_nothing_is_refused(url: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        info_path(url, "left", shares)


def test_a_store_gives_its_file_or_an_uncalibrated_camera_of_the_right_size(tmp_path: Path) -> None:
    store = CalibrationStore(tmp_path / "a.yaml", 640, 512, "left", required=False)
    bare = store.load()
    assert not bare.calibrated
    assert (bare.width_px, bare.height_px, bare.camera_name) == (640, 512, "left")
    store.save(BENT)
    assert store.load().calibrated
    with pytest.raises(ConfigError, match="is for 640x512 px, pictures are published with 320x256"):
        CalibrationStore(tmp_path / "a.yaml", 320, 256, "left", required=False).load()
    with pytest.raises(ConfigError, match="expected one at camera_info_url"):
        CalibrationStore(tmp_path / "b.yaml", 640, 512, "left", required=True).load()


@pytest.mark.parametrize("size", [(640, 512), (1280, 720), (1280, 1024), (320, 240), (480, 640)])
def test_pictures_of_any_size_are_cut_evenly_and_keep_their_proportions(
    size: tuple[int, int],
) -> None:
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    radius = min(width, height) // 4
    cv2.circle(image, (width // 2, height // 2), radius, (255, 255, 255), -1)
    out = Framing(uncalibrated(640, 512), rectify=False).apply(image)
    assert out.shape == (512, 640, 3)
    rows, columns = np.nonzero(out[..., 0] > 127)
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 3
    assert abs(rows.mean() - 255.5) < 1.5
    assert abs(columns.mean() - 319.5) < 1.5


def test_a_rectified_picture_has_no_distortion_and_keeps_its_intrinsics() -> None:
    framing = Framing(BENT, rectify=True)
    assert not framing.calibration.distorted
    np.testing.assert_array_equal(framing.calibration.intrinsics_px, K)
    points_m = np.array([[-0.4, -0.3, 1.0], [0.0, 0.0, 1.0], [0.35, 0.3, 1.0], [0.4, -0.2, 1.0]])
    bent_px = cv2.projectPoints(points_m, np.zeros(3), np.zeros(3), K, BENT.distortion)[0][:, 0]
    image = np.zeros((512, 640, 3), np.uint8)
    for column, row in bent_px:
        cv2.circle(image, (round(column), round(row)), 4, (255, 255, 255), -1)
    out = framing.apply(image)
    straight_px = (points_m @ K.T)[:, :2]
    for column, row in straight_px:
        patch = out[round(row) - 2 : round(row) + 3, round(column) - 2 : round(column) + 3]
        assert patch.mean() > 150
    assert np.abs(bent_px - straight_px).max() > 5.0


@pytest.mark.parametrize("calibration", [uncalibrated(640, 512), None])
def test_only_a_known_lens_can_be_rectified(calibration: Calibration | None) -> None:
    fish = Calibration(640, 512, K, "equidistant", np.zeros(4), np.eye(3), BENT.projection_px)
    with pytest.raises(ConfigError, match="calibrate the camera first"):
        Framing(calibration or fish, rectify=True)


def test_the_example_configuration_is_one_that_the_node_takes(repository: Path) -> None:
    plain = yaml.safe_load((repository / "config/camera.yaml").read_text())
    settings = from_values(CameraParameters, plain["/**/camera_node"]["ros__parameters"])
    assert settings.request.pixel_format == "MJPG"
    assert (settings.request.width_px, settings.request.height_px) == (1280, 720)
    assert (settings.image_width, settings.image_height) == (640, 512)
