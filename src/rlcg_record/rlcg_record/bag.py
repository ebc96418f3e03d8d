# SPDX-License-Identifier: Apache-2.0
"""One bag on disk: a folder with an MCAP file of the ros2 profile and metadata.yaml."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from mcap.well_known import MessageEncoding, SchemaEncoding
from mcap.writer import CompressionType, Writer

from rlcg_record.bag_metadata import Contents, write_metadata
from rlcg_record.sample import Channel, Sample

COMPRESSIONS = {
    "none": CompressionType.NONE,
    "lz4": CompressionType.LZ4,
    "zstd": CompressionType.ZSTD,
}
CHUNK_BYTES = 4 * 1024 * 1024
PROFILE = "ros2"

OpenFile = Callable[[Path], BinaryIO]


def open_file(path: Path) -> BinaryIO:
    """Return a new file for writing; one that exists is never overwritten."""
    return path.open("xb")


class Bag:
    """Writes messages as they were serialized. Every method may raise `OSError`.

    What was flushed survives the death of the process; `close` adds the index, without which the
    file can still be read from its beginning.
    """

    def __init__(
        self, folder: Path, compression: str = "zstd", opener: OpenFile = open_file
    ) -> None:
        """Make ``folder``, which must not exist, and begin its file."""
        folder.mkdir(parents=True)
        self.folder, self._file = folder, f"{folder.name}_0.mcap"
        self.contents = Contents()
        self._channels: dict[Channel, int] = {}
        self._schemas: dict[str, int] = {}
        self._stream = opener(folder / self._file)
        self._writer = Writer(
            self._stream, chunk_size=CHUNK_BYTES, compression=COMPRESSIONS[compression]
        )
        self._writer.start(profile=PROFILE)

    def note(self, name: str, values: Mapping[str, str]) -> None:
        """Write a metadata record: a name and texts by key."""
        self._writer.add_metadata(name, dict(values))

    def write(self, samples: Iterable[Sample]) -> None:
        """Write messages; they reach the disk with the next `flush` at the latest."""
        for sample in samples:
            self._writer.add_message(
                channel_id=self._channel(sample.channel),
                log_time=sample.log_ns,
                data=sample.data,
                publish_time=sample.publish_ns,
            )
            self.contents.note(sample.channel.topic, sample.log_ns)

    def flush(self) -> None:
        """Give everything so far to the operating system."""
        self._writer.flush()

    def close(self) -> None:
        """Write index and metadata.yaml: the bag is complete."""
        self._writer.finish()
        self._stream.close()
        write_metadata(self.folder, self._file, list(self._channels), self.contents)

    def abandon(self) -> None:
        """Let go of the file as it is, after an error."""
        with suppress(OSError):  # the disk failed already, and that is reported
            self._stream.close()

    def _channel(self, channel: Channel) -> int:
        number = self._channels.get(channel)
        if number is None:
            qos = {"offered_qos_profiles": channel.qos}
            schema = self._schema(channel)
            number = self._writer.register_channel(channel.topic, MessageEncoding.CDR, schema, qos)
            self._channels[channel] = number
        return number

    def _schema(self, channel: Channel) -> int:
        if channel.type_name not in self._schemas:
            self._schemas[channel.type_name] = self._writer.register_schema(
                channel.type_name, SchemaEncoding.ROS2, channel.definition.encode()
            )
        return self._schemas[channel.type_name]
