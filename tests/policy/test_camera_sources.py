# SPDX-License-Identifier: Apache-2.0
"""Real OpenCV on files, folders and a stream. No camera stands here: /dev/video is only missed."""

import time
from pathlib import Path

import numpy as np
import pytest
from pictures import (
    STRIPES,
    network_camera,
    number_of,
    numbered,
    stripe_colours,
    striped,
    write_folder,
    write_video,
)

from rlcg_core.errors import ConfigError
from rlcg_core.types import ImageArray
from rlcg_policy.camera.opencv_source import DeviceRequest, without_password
from rlcg_policy.camera.pace import Pace
from rlcg_policy.camera.port import CaptureError, PicturesEndedError, PictureSource
from rlcg_policy.camera.sources import hardware_id, source_maker

FAST = DeviceRequest(640, 512, 500.0)
THREE = [numbered(i) for i in range(3)]


def source(video_device: str | Path, loop: bool = True) -> PictureSource:
    return source_maker(str(video_device), FAST, loop)()


def next_picture(opened: PictureSource) -> ImageArray:
    opened.grab()
    return opened.retrieve()


def read_to_the_end(opened: PictureSource) -> None:
    for _ in range(1000):
        opened.grab()


def make(kind: str, tmp_path: Path, images: list[np.ndarray]) -> Path:
    if kind == "folder":
        return write_folder(tmp_path / "pictures", images)
    return write_video(tmp_path / "film.avi", images)


@pytest.mark.parametrize("kind", ["folder", "video"])
def test_files_give_their_pictures_in_order_and_begin_again(kind: str, tmp_path: Path) -> None:
    opened = source(make(kind, tmp_path, THREE))
    opened.open()
    numbers = [number_of(next_picture(opened)) for _ in range(7)]
    opened.close()
    assert numbers == [0, 1, 2, 0, 1, 2, 0]
    assert not opened.live


@pytest.mark.parametrize("kind", ["folder", "video"])
def test_files_that_are_played_once_end(kind: str, tmp_path: Path) -> None:
    opened = source(make(kind, tmp_path, THREE), loop=False)
    opened.open()
    assert [number_of(next_picture(opened)) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(PicturesEndedError, match="has ended after 3 pictures"):
        opened.grab()
    opened.close()
    opened.close()


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_folder_keeps_red_green_and_blue(suffix: str, tmp_path: Path) -> None:
    opened = source(write_folder(tmp_path / "pictures", [striped()], suffix))
    opened.open()
    np.testing.assert_allclose(stripe_colours(next_picture(opened)), STRIPES, atol=4)


def test_a_network_stream_keeps_red_green_and_blue_and_is_live() -> None:
    with network_camera(striped()) as url:
        opened = source(url)
        opened.open()
        image = next_picture(opened)
        assert image.shape == (512, 640, 3)
        np.testing.assert_allclose(stripe_colours(image), STRIPES, atol=6)
        assert opened.live
        assert opened.details["source_size"] == "640x512"
        opened.close()


def test_a_stream_that_ends_and_one_that_is_not_there_are_lost_cameras() -> None:
    with network_camera(striped(), rate_hz=100.0) as url:
        opened = source(url)
        opened.open()
        next_picture(opened)
    with pytest.raises(CaptureError, match="gives no picture: check address"):
        read_to_the_end(opened)
    opened.close()
    with pytest.raises(CaptureError, match="cannot be opened: check address"):
        source("rtsp://127.0.0.1:9/camera").open()


def test_a_camera_that_is_not_there_says_so_by_its_device() -> None:
    for name in ("/dev/video97", "97"):
        missing = source(name)
        with pytest.raises(CaptureError, match="/dev/video97 cannot be opened: plug"):
            missing.open()
        assert missing.live


def test_a_folder_that_loses_its_pictures_is_a_lost_camera(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pictures", THREE)
    opened = source(folder)
    opened.open()
    (folder / "000.png").write_bytes(b"")
    with pytest.raises(CaptureError, match=r"000\.png cannot be read"):
        next_picture(opened)
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(CaptureError, match="holds no picture"):
        opened.open()
    folder.rmdir()
    with pytest.raises(CaptureError, match="cannot be read"):
        opened.open()


def test_a_file_that_is_no_video_says_so(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    path.write_bytes(b"no film")
    with pytest.raises(CaptureError, match="is it a video file"):
        source(path).open()


@pytest.mark.parametrize("name", ["", "nowhere.avi", "ftp://host/film", "-1", "rtsp//host"])
def test_a_name_of_nothing_is_refused_with_what_is_possible(name: str) -> None:
    with pytest.raises(ConfigError, match=r"expected /dev/videoN or its number"):
        source(name)


def test_passwords_are_not_shown() -> None:
    url = "rtsp://user:secret@host:554/path?token=secret"
    assert without_password(url) == "rtsp://***@host:554/path"
    assert "secret" not in source(url).name
    assert without_password("/dev/video0") == "/dev/video0"
    with pytest.raises(ConfigError) as error:
        source("ftp://user:secret@host/film")
    assert "secret" not in str(error.value)


def test_a_camera_is_called_by_its_serial_number_where_that_is_known(tmp_path: Path) -> None:
    device, other, by_id = tmp_path / "video0", tmp_path / "video1", tmp_path / "by-id"
    by_id.mkdir()
    for path in (device, other):
        path.touch()
    (by_id / "usb-Maker_Model_A1B2-video-index0").symlink_to(device)
    assert hardware_id(str(device), by_id) == "usb-Maker_Model_A1B2-video-index0"
    assert hardware_id(str(other), by_id) == str(other)
    assert hardware_id(str(device), tmp_path / "nowhere") == str(device)
    assert hardware_id("rtsp://user:secret@host/path", by_id) == "rtsp://***@host/path"


def test_a_pace_keeps_its_rate_and_does_not_catch_up() -> None:
    now_s, slept_s = [100.0], []

    def sleep(seconds: float) -> None:
        slept_s.append(seconds)
        now_s[0] += seconds

    pace = Pace(10.0)
    for busy_s in (0.0, 0.04, 0.5, 0.0):
        pace.wait(lambda: now_s[0], sleep)
        now_s[0] += busy_s
    assert slept_s == pytest.approx([0.1, 0.06])
    pace.wait(lambda: now_s[0], sleep)
    assert slept_s == pytest.approx([0.1, 0.06, 0.1])


def test_a_folder_is_played_at_its_rate(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pictures", THREE)
    opened = source_maker(str(folder), DeviceRequest(640, 512, 50.0), True)()
    opened.open()
    begun_s = time.monotonic()
    for _ in range(6):
        next_picture(opened)
    assert time.monotonic() - begun_s > 0.09
