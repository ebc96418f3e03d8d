# SPDX-License-Identifier: Apache-2.0
"""Whatever a bag holds, it is read or refused with a reason: soon, and in little memory."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_model
from episodes_bench import write_bag
from hypothesis import given
from hypothesis import strategies as st
from mcap.writer import CompressionType, Writer
from mutations import check_reader, damaged, fuzz

from rlcg_record.bag import Bag
from rlcg_record.bag_records import Refused, bag_records
from rlcg_record.reader import BagReader
from rlcg_record.records import EpisodeRecord
from rlcg_record.recovery import recover
from rlcg_record.sample import Channel, Sample


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
