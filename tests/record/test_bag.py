# SPDX-License-Identifier: Apache-2.0
import io
import struct
from pathlib import Path

import pytest
import yaml
from bag_bench import IMAGES, INFO, JOINTS, joint_state, picture, sample
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, JointState

from rlcg_core.errors import DataError
from rlcg_record.bag import Bag
from rlcg_record.reader import BagReader
from rlcg_record.recovery import recover


def test_a_complete_bag_is_read_by_the_mcap_library_by_its_index(tmp_path: Path) -> None:
    bag = Bag(tmp_path / "bag")
    bag.note("rlcg", {"robot": "bench"})
    bag.write([picture(0.5), joint_state(0.6), joint_state(0.7)])
    bag.close()
    with (tmp_path / "bag" / "bag_0.mcap").open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        header, summary = reader.get_header(), reader.get_summary()
        decoded = reader.iter_decoded_messages(topics=["/joint_states"])
        positions = [message.decoded_message.position[0] for message in decoded]
        notes = {record.name: record.metadata for record in reader.iter_metadata()}
    assert header.profile == "ros2"
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == 3
    assert {channel.message_encoding for channel in summary.channels.values()} == {"cdr"}
    assert {schema.encoding for schema in summary.schemas.values()} == {"ros2msg"}
    assert positions == [0.6, 0.7]
    assert notes == {"rlcg": {"robot": "bench"}}


def test_metadata_says_what_rosbag2_reads_from_version_5(tmp_path: Path) -> None:
    bag = Bag(tmp_path / "bag")
    bag.write([picture(0.5), joint_state(0.6), joint_state(0.7)])
    bag.close()
    text = (tmp_path / "bag" / "metadata.yaml").read_text()
    said = yaml.safe_load(text)["rosbag2_bagfile_information"]
    assert "&id" not in text
    assert said["version"] == 5
    assert said["storage_identifier"] == "mcap"
    assert said["relative_file_paths"] == ["bag_0.mcap"]
    assert said["message_count"] == said["files"][0]["message_count"] == 3
    assert said["duration"]["nanoseconds"] == 200_000_000
    topics = {t["topic_metadata"]["name"]: t for t in said["topics_with_message_count"]}
    assert topics["/joint_states"]["message_count"] == 2
    assert topics["/joint_states"]["topic_metadata"]["type"] == "sensor_msgs/msg/JointState"
    (qos,) = yaml.safe_load(topics["/image_raw"]["topic_metadata"]["offered_qos_profiles"])
    assert (qos["reliability"], qos["durability"], qos["history"]) == (1, 2, 1)


def test_what_is_stored_is_what_came_over_the_wire(tmp_path: Path) -> None:
    bag = Bag(tmp_path / "bag")
    came = [picture(0.5), joint_state(0.6)]
    bag.write(came)
    bag.close()
    stored = list(BagReader(tmp_path / "bag").stored())
    assert [item.message.data for item in stored] == [item.data for item in came]
    assert [item.message.log_time for item in stored] == [item.log_ns for item in came]
    assert [item.message.publish_time for item in stored] == [item.publish_ns for item in came]
    assert deserialize_message(stored[1].message.data, JointState).position[0] == 0.6


def test_a_bag_never_takes_the_place_of_another(tmp_path: Path) -> None:
    Bag(tmp_path / "bag").close()
    with pytest.raises(FileExistsError):
        Bag(tmp_path / "bag")


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_a_file_cut_anywhere_gives_what_was_flushed_before(
    tmp_path: Path, compression: str
) -> None:
    file = io.BytesIO()
    file.close = lambda: None  # type: ignore[method-assign]
    bag = Bag(tmp_path / "bag", compression, lambda path: file)
    bag.note("rlcg", {"robot": "bench"})
    flushed = []
    for second in range(6):
        bag.write([picture(float(second)), joint_state(second + 0.5)])
        bag.flush()
        flushed.append(len(file.getvalue()))
    bag.close()
    whole, cut = file.getvalue(), tmp_path / "cut.mcap"
    for length in range(flushed[0], len(whole), 37):
        cut.write_bytes(whole[:length])
        reader = BagReader(cut)
        seconds = sum(size <= length for size in flushed)
        assert len(list(reader.stored())) >= 2 * seconds
        assert reader.notes["rlcg"] == {"robot": "bench"}
        assert reader.truncated


def test_a_recovered_bag_is_complete_and_says_the_same(tmp_path: Path) -> None:
    bag = Bag(tmp_path / "bag")
    bag.note("rlcg", {"robot": "bench"})
    info = sample(INFO, CameraInfo(width=640), 0.4)
    bag.write([info, picture(0.5), joint_state(0.6)])
    bag.flush()
    bag.write([joint_state(0.7)])
    bag.abandon()
    done = recover(tmp_path / "bag", tmp_path / "saved")
    assert done.truncated
    assert done.counts == {INFO.topic: 1, IMAGES.topic: 1, JOINTS.topic: 1}
    saved, broken = BagReader(tmp_path / "saved"), BagReader(tmp_path / "bag")
    assert not saved.truncated
    assert saved.notes == broken.notes == {"rlcg": {"robot": "bench"}}
    assert [i.message.data for i in saved.stored()] == [i.message.data for i in broken.stored()]
    assert [i.channel.metadata for i in saved.stored()] == [
        i.channel.metadata for i in broken.stored()
    ]
    assert (tmp_path / "saved" / "metadata.yaml").is_file()
    with pytest.raises(DataError, match="exists already"):
        recover(tmp_path / "bag", tmp_path / "saved")


def test_a_folder_without_a_bag_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="0 MCAP files"):
        BagReader(tmp_path)


def test_bytes_that_are_no_mcap_are_an_empty_cut_bag(tmp_path: Path) -> None:
    path = tmp_path / "x.mcap"
    path.write_bytes(struct.pack("<8B", 137, 77, 67, 65, 80, 48, 13, 10) + b"\x06" + b"\xff" * 30)
    reader = BagReader(path)
    assert reader.truncated
    assert list(reader.stored()) == []
