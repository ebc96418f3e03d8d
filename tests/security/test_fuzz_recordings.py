# SPDX-License-Identifier: Apache-2.0
"""Whatever a recording holds, it is read or refused with a reason: soon, and in little memory."""

import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny_model
from episodes_bench import write_bag
from hypothesis import given
from hypothesis import strategies as st
from mcap.writer import CompressionType, Writer
from mutations import altered, check_reader, damaged, fuzz
from rlds_bench import encoded, episode

from rlcg_core.errors import InputError
from rlcg_core.reasons import Outcome
from rlcg_policy.camera.codec import decode_picture
from rlcg_record import episode_folder
from rlcg_record.bag import Bag
from rlcg_record.bag_records import Refused, bag_records
from rlcg_record.crc32c import crc32c, masked
from rlcg_record.reader import BagReader
from rlcg_record.records import EpisodeRecord, StepRecord
from rlcg_record.recovery import recover
from rlcg_record.rlds_kuka import kuka_records
from rlcg_record.sample import Channel, Sample
from rlcg_record.tfrecord import example_class, frame_record, read_records


class Messages(list[tuple[Channel, bytes, int]]):
    """Channel, content and time [ns] of each message of a bag; shown by their number alone."""

    def __repr__(self) -> str:
        return f"<{len(self)} messages>"


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Messages:
    """The messages of a good bag: pictures, decisions, results."""
    folder = tmp_path_factory.mktemp("good")
    bundle = tiny_model.write(folder / "model")
    reader = BagReader(write_bag(folder / "bag", bundle, steps=2))
    return Messages(
        (
            Channel(item.topic, item.schema.name, item.schema.data.decode()),
            item.message.data,
            item.message.log_time,
        )
        for item in reader.stored()
    )


def write(folder: Path, messages: Messages) -> Path:
    """Write a bag whose bytes are not compressed, so that damage reaches the messages."""
    shutil.rmtree(folder, ignore_errors=True)
    bag = Bag(folder, "none")
    bag.note("rlcg_bag", {"kind": "episode", "episode_id": "one"})
    bag.write([Sample(channel, data, at, at, 0.0) for channel, data, at in messages])
    bag.close()
    return folder / f"{folder.name}_0.mcap"


def read(path: Path) -> list[EpisodeRecord | Refused]:
    return list(bag_records(path))


def save(path: Path) -> None:
    shutil.rmtree(path.with_name("saved"), ignore_errors=True)
    recover(path, path.with_name("saved"))


def test_the_bag_that_is_damaged_here_is_good(tmp_path: Path, messages: Messages) -> None:
    (record,) = read(write(tmp_path / "bag", messages))
    assert isinstance(record, EpisodeRecord)
    assert len(record.steps) == 2


@fuzz
@given(data=st.data())
def test_a_bag_with_damaged_bytes(tmp_path: Path, messages: Messages, data: st.DataObject) -> None:
    small = Messages(one for one in messages if "Image" not in one[0].type_name)
    path = write(tmp_path / "bag", small)
    path.write_bytes(data.draw(damaged(path.read_bytes())))
    check_reader(lambda: read(path))
    check_reader(lambda: save(path))


@fuzz
@given(data=st.data())
def test_a_bag_with_a_damaged_message(
    tmp_path: Path, messages: Messages, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(messages) - 1))
    channel, content, at = messages[number]
    # The head of a picture says more than its pixels.
    head, rest = content[:400], content[400:]
    changed = Messages(messages)
    changed[number] = (channel, data.draw(damaged(head)) + rest, at)
    check_reader(lambda: read(write(tmp_path / "bag", changed)))


@fuzz
@given(data=st.data())
def test_a_bag_with_a_damaged_definition(
    tmp_path: Path, messages: Messages, data: st.DataObject
) -> None:
    kinds = sorted({channel.type_name for channel, _, _ in messages})
    wanted = data.draw(st.sampled_from(kinds))
    text = next(one.definition for one, _, _ in messages if one.type_name == wanted)
    other = data.draw(damaged(text.encode())).decode("utf-8", "replace")
    changed = Messages(
        (replace(one, definition=other) if one.type_name == wanted else one, content, at)
        for one, content, at in messages
    )
    check_reader(lambda: read(write(tmp_path / "bag", changed)))


def test_a_chunk_that_grows_without_end_ends_the_bag(tmp_path: Path) -> None:
    for compression in (CompressionType.ZSTD, CompressionType.LZ4):
        path = tmp_path / f"{compression.name}.mcap"
        with path.open("wb") as stream:
            writer = Writer(stream, chunk_size=2**30, compression=compression)
            writer.start("ros2")
            schema = writer.register_schema("std_msgs/msg/String", "ros2msg", b"string data")
            channel = writer.register_channel("/a", "cdr", schema)
            for _ in range(40):
                writer.add_message(channel, 0, bytes(4_000_000), 0)
            writer.finish()
        assert path.stat().st_size < 10_000_000
        reader = BagReader(path)
        assert check_reader(lambda reader=reader: list(reader.stored()))
        assert reader.truncated


def test_a_message_of_a_channel_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with path.open("wb") as stream:
        writer = Writer(stream, compression=CompressionType.NONE)
        writer.start("ros2")
        writer.add_message(7, 0, b"data", 0)
        writer.finish()
    assert not check_reader(lambda: list(BagReader(path).stored()))


@pytest.mark.parametrize("name", ["../../out", "/tmp/out", "a/b", "..", ""])
def test_an_episode_whose_id_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    bundle = tiny_model.write(tmp_path / "model")
    (found,) = bag_records(write_bag(tmp_path / "bag", bundle, steps=1, episode_id=name))
    assert isinstance(found, Refused)
    assert "plain name" in found.reason


@fuzz
@given(data=st.data())
def test_a_tfrecord_file_with_damaged_bytes(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.tfrecord"
    path.write_bytes(data.draw(damaged(frame_record(GOOD_EXAMPLE))))
    check_reader(lambda: list(kuka_records(path)))


@fuzz
@given(data=st.data())
def test_a_tfrecord_with_a_damaged_example(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.tfrecord"
    path.write_bytes(frame_record(data.draw(damaged(GOOD_EXAMPLE))))
    check_reader(lambda: list(kuka_records(path)))


GOOD_EXAMPLE = episode()
FEATURES = sorted(example_class().FromString(GOOD_EXAMPLE).features.feature)


@fuzz
@given(name=st.sampled_from(FEATURES), data=st.data())
def test_a_tfrecord_with_another_feature(tmp_path: Path, name: str, data: st.DataObject) -> None:
    example = example_class().FromString(GOOD_EXAMPLE)
    feature = example.features.feature[name]
    kind = data.draw(st.sampled_from(["bytes_list", "float_list", "int64_list", "none"]))
    feature.Clear()
    if kind == "bytes_list":
        texts = st.binary(max_size=30) | st.just(encoded(".png", 0)[:500])
        feature.bytes_list.value.extend(data.draw(st.lists(texts, max_size=4)))
    elif kind == "float_list":
        feature.float_list.value.extend(data.draw(st.lists(st.floats(width=32), max_size=25)))
    elif kind == "int64_list":
        numbers = st.integers(-(2**63), 2**63 - 1)
        feature.int64_list.value.extend(data.draw(st.lists(numbers, max_size=25)))
    path = tmp_path / "a.tfrecord"
    path.write_bytes(frame_record(example.SerializeToString()))
    check_reader(lambda: list(kuka_records(path)))


def test_a_record_that_says_it_is_huge_is_refused(tmp_path: Path) -> None:
    length = struct.pack("<Q", 2**31)
    path = tmp_path / "a.tfrecord"
    path.write_bytes(length + struct.pack("<I", masked(crc32c(length))) + b"short")
    assert not check_reader(lambda: list(read_records(path)))


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
