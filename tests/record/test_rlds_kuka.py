# SPDX-License-Identifier: Apache-2.0
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rlds_bench import POSE, STEPS, episode, smooth_picture

from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_record import episode_folder
from rlcg_record.bag_records import Refused
from rlcg_record.commands import dataset
from rlcg_record.crc32c import crc32c
from rlcg_record.records import EpisodeRecord
from rlcg_record.rlds_kuka import kuka_records
from rlcg_record.tfrecord import frame_record, parse_example, read_records


def write(path: Path, *episodes: bytes) -> Path:
    path.write_bytes(b"".join(frame_record(data) for data in episodes))
    return path


def only_one(path: Path) -> EpisodeRecord | Refused:
    (found,) = kuka_records(path)
    return found


def test_an_episode_of_the_public_data_set_becomes_one_of_ours(tmp_path: Path) -> None:
    record = only_one(write(tmp_path / "kuka-train.tfrecord-00000-of-00001", episode(".png")))
    assert isinstance(record, EpisodeRecord)
    assert record.outcome is Outcome.SUCCESS
    for k, step in enumerate(record.steps):
        np.testing.assert_array_equal(step.image_hwc, smooth_picture(k))
        np.testing.assert_allclose(step.tool_pose, [0.6, 0.1, 0.2, 0.3], atol=1e-6)
        assert step.projection == ()
        turn = [np.sin(0.2), np.cos(0.2)]
        np.testing.assert_allclose(step.action[:5], [0.01, 0.02, -0.03, *turn], atol=1e-6)
    assert [step.state[0] for step in record.steps] == [0.0, 0.0, 1.0]
    np.testing.assert_allclose([s.state[1] for s in record.steps], [0.2, 0.1, 0.05], atol=1e-7)
    assert [step.action[5:] for step in record.steps] == [(0, 1, 0), (1, 0, 0), (0, 0, 1)]


def test_jpeg_pictures_and_uncompressed_tensors_are_read_too(tmp_path: Path) -> None:
    height = np.array([0.2, 0.1, 0.05], np.float32)
    data = episode(".jpg", **{"steps/observation/height_to_bottom": height})
    record = only_one(write(tmp_path / "x.tfrecord", data))
    assert isinstance(record, EpisodeRecord)
    error = np.abs(record.steps[1].image_hwc.astype(int) - smooth_picture(1))
    assert error.mean() < 2.0
    assert record.steps[2].state[1] == pytest.approx(0.05)


def test_a_file_is_imported_by_the_command_and_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = episode(success=np.array([0]))
    path = write(tmp_path / "kuka.tfrecord-00000", episode(), failure)
    assert dataset([str(path), "--out", str(tmp_path / "set")]) == 0
    assert "2 episodes" in capsys.readouterr().out
    first, second = (episode_folder.read(p) for p in sorted((tmp_path / "set").iterdir()))
    assert (first.outcome, second.outcome) == (Outcome.SUCCESS, Outcome.FAILURE)
    assert [first.reward(k) for k in range(STEPS)] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"steps/action/world_vector": np.full(9, 0.2, np.float32)}, "displacement_x is 0.2"),
        ({"steps/action/rotation_delta": np.zeros(8, np.float32)}, "8 numbers, expected 3 x 3"),
        ({"steps/observation/image": [b"x"] * STEPS}, "no readable picture"),
        ({POSE: [b"x"] * STEPS}, "cannot be decompressed"),
        ({"success": []}, "success is missing"),
    ],
)
def test_an_episode_that_does_not_fit_is_refused_by_name(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    found = only_one(write(tmp_path / "x.tfrecord", episode(**changed)))
    assert isinstance(found, Refused)
    assert reason in found.reason


def test_a_damaged_file_is_refused_wherever_a_byte_is_wrong(tmp_path: Path) -> None:
    whole = frame_record(b"some data") + frame_record(b"more")
    path = tmp_path / "x.tfrecord"
    path.write_bytes(whole)
    assert list(read_records(path)) == [b"some data", b"more"]
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"x.tfrecord, record [01]"):
            list(read_records(path))
    for length in set(range(1, len(whole))) - {len(frame_record(b"some data"))}:
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            list(read_records(path))


def test_the_frame_is_that_of_tensorboard_and_the_checksum_that_of_rfc_3720() -> None:
    assert frame_record(b"abc").hex() == "0300000000000000b099490e6162636e57f121"
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"\x00" * 32) == 0x8A9136AA


@pytest.mark.parametrize("length", [0, 1, 1023, 1024, 1025, 2048, 5000])
def test_the_fast_checksum_is_the_plain_one(length: int) -> None:
    data = np.random.default_rng(length).bytes(length)
    plain = 0xFFFFFFFF
    for byte in data:
        plain ^= byte
        for _ in range(8):
            plain = (plain >> 1) ^ (0x82F63B78 * (plain & 1))
    assert crc32c(data) == plain ^ 0xFFFFFFFF


@given(st.binary(max_size=200))
def test_any_bytes_are_an_example_or_an_error_of_ours(data: bytes) -> None:
    with suppress(DataError):
        parse_example(data)
