# SPDX-License-Identifier: Apache-2.0
"""Whatever a TFRecord holds, it is read or refused: soon, and in little memory."""

import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from mutations import check_reader, damaged, fuzz
from rlds_bench import encoded, episode

from rlcg_record.crc32c import crc32c, masked
from rlcg_record.rlds_kuka import kuka_records
from rlcg_record.tfrecord import example_class, frame_record, read_records

GOOD_EXAMPLE = episode()
FEATURES = sorted(example_class().FromString(GOOD_EXAMPLE).features.feature)


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
