# SPDX-License-Identifier: Apache-2.0
"""Whatever an episode folder or a picture holds, it is read or refused: soon, in little memory."""

import json
import shutil
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import altered, check_reader, damaged, fuzz
from rlds_bench import encoded

from rlcg_core.errors import InputError
from rlcg_core.reasons import Outcome
from rlcg_policy.camera.codec import decode_picture
from rlcg_record import episode_folder
from rlcg_record.records import EpisodeRecord, StepRecord

STEP = StepRecord(
    image_hwc=np.zeros((512, 640, 3), np.uint8),
    state=(0.0, 0.1),
    tool_pose=(0.6, 0.0, 0.3, 0.0),
    projection=(),
    action=(0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
    stamp_s=1.0,
    q_value=0.5,
)


@fuzz
@given(file=st.sampled_from(["episode.json", "decisions.json"]), data=st.data())
def test_an_episode_folder_with_other_values(
    tmp_path: Path, file: str, data: st.DataObject
) -> None:
    folder = good_folder(tmp_path)
    plain = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(data.draw(altered(plain))))
    check_reader(lambda: episode_folder.read(folder))


@fuzz
@given(data=st.data())
def test_an_episode_folder_with_a_damaged_picture(tmp_path: Path, data: st.DataObject) -> None:
    folder = good_folder(tmp_path)
    path = folder / "000.png"
    path.write_bytes(data.draw(damaged(path.read_bytes())))
    check_reader(lambda: episode_folder.read(folder))


def good_folder(place: Path) -> Path:
    folder = place / "one"
    shutil.rmtree(folder, ignore_errors=True)
    record = EpisodeRecord("one", "nowhere", (STEP, STEP), Outcome.SUCCESS, "test")
    episode_folder.write(folder, record)
    assert episode_folder.read(folder).steps[0].state == STEP.state
    return folder


@pytest.mark.parametrize("name", ["../secret.png", "/tmp/secret.png", "..", "a\0b"])
def test_a_picture_outside_the_episode_is_refused(tmp_path: Path, name: str) -> None:
    folder = good_folder(tmp_path)
    shutil.copy(folder / "000.png", tmp_path / "secret.png")
    plain = json.loads((folder / "episode.json").read_text())
    plain["steps"][0]["image"] = name
    (folder / "episode.json").write_text(json.dumps(plain))
    assert not check_reader(lambda: episode_folder.read(folder))


@fuzz
@given(suffix=st.sampled_from([".png", ".jpg"]), data=st.data())
def test_a_damaged_picture(suffix: str, data: st.DataObject) -> None:
    good = encoded(suffix, 1)
    check_reader(lambda: decode_picture(data.draw(damaged(good))))


@pytest.mark.parametrize("suffix", [".bmp", ".tiff", ".webp", ".ppm"])
def test_a_picture_of_a_kind_that_nobody_sends_is_refused(suffix: str) -> None:
    done, file = cv2.imencode(suffix, np.zeros((64, 64, 3), np.uint8))
    assert done
    with pytest.raises(InputError, match="expected a JPEG or PNG"):
        decode_picture(file.tobytes())


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (2**31 - 1, 1), (0, 5)])
def test_a_picture_that_says_it_is_huge_is_refused(width: int, height: int) -> None:
    file = bytearray(encoded(".png", 0))
    file[16:24] = struct.pack(">II", width, height)
    with pytest.raises(InputError):
        decode_picture(bytes(file))
    jpeg = bytearray(encoded(".jpg", 0))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(InputError, match="65535x65535"):
        decode_picture(bytes(jpeg))
