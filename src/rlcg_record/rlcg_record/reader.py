# SPDX-License-Identifier: Apache-2.0
"""Reading bags, complete or cut short: from the beginning, as far as they go."""

import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import lz4.frame
import zstandard
from mcap.exceptions import McapError
from mcap.records import Channel, Chunk, McapRecord, Message, Metadata, Schema
from mcap.stream_reader import StreamReader, breakup_chunk
from mcap_ros2.decoder import DecoderFactory

from rlcg_core.errors import DataError

# What a reader of a file that ends anywhere can run into.
CUT_SHORT = (
    *(McapError, struct.error, zstandard.ZstdError),
    *(RuntimeError, ValueError, EOFError, OverflowError),
)
# A chunk of ours has 4 MiB and a message.
CHUNK_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True)
class Stored:
    """One message of a bag with its channel and schema; ``data`` as it was serialized."""

    topic: str
    message: Message
    channel: Channel
    schema: Schema


class BagReader:
    """Reads one bag; every pass begins at its beginning.

    ``notes``: the metadata records by name. ``truncated``: whether the file ends early; known
    after a full pass, and after the construction.
    """

    def __init__(self, path: Path) -> None:
        """Read the notes; raises `DataError` if there is no bag at ``path``, a folder or file."""
        self.file = find_file(path)
        self.truncated = False
        self.notes: dict[str, dict[str, str]] = {}
        for record in self._records():
            if isinstance(record, Metadata):
                self.notes[record.name] = dict(record.metadata)
        self._decoders = DecoderFactory()

    @property
    def names(self) -> Mapping[str, str]:
        """Return what the recorded topics are called in the nodes: ``/cam/image: image_raw``."""
        return self.notes.get("rlcg_topics", {})

    def stored(self) -> Iterator[Stored]:
        """Yield every message as it is stored."""
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        for record in self._records():
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Message):
                channel = channels.get(record.channel_id)
                schema = schemas.get(channel.schema_id) if channel else None
                if channel is None or schema is None:
                    raise DataError(
                        f"{self.file}: a message is of channel {record.channel_id}, whose topic or "
                        "type the file does not tell: it is damaged, or not of ROS 2"
                    )
                yield Stored(channel.topic, record, channel, schema)

    def messages(self, wanted: Collection[str]) -> Iterator[tuple[str, Any]]:
        """Yield (name in the nodes, decoded message) of the wanted names, in order of arrival."""
        for item in self.stored():
            name = self.names.get(item.topic, item.topic.lstrip("/"))
            if name in wanted:
                yield name, self.decode(item)

    def decode(self, item: Stored) -> Any:
        """Return the message; raises `DataError` if it or its schema cannot be read."""
        try:
            decoder: Callable[[bytes], Any] | None = self._decoders.decoder_for(
                item.channel.message_encoding, item.schema
            )
            found = None if decoder is None else decoder(item.message.data)
        except Exception as error:  # mcap_ros2 raises whatever its parser runs into
            text = f"{type(error).__name__}: {error}"
            raise DataError(
                f"{self.file}: a message of {item.topic} cannot be read ({text:.200}): the file is "
                "damaged"
            ) from error
        if decoder is None:
            raise DataError(
                f"{self.file}: {item.topic} is {item.channel.message_encoding} with a schema in "
                f"{item.schema.encoding}, expected cdr and ros2msg: was it recorded by rlcg?"
            )
        return found

    def _records(self) -> Iterator[McapRecord]:
        with self.file.open("rb") as stream:
            bounded = _Bounded(stream, self.file.stat().st_size)
            reader = StreamReader(cast(BinaryIO, bounded), emit_chunks=True)
            try:
                for record in reader.records:
                    if isinstance(record, Chunk):
                        yield from breakup_chunk(_unpacked(record))
                    else:
                        yield record
            except CUT_SHORT:
                self.truncated = True


class _Bounded:
    """A file of which no more is asked for than it has: a damaged length would take memory."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size = stream, size

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes."""
        return self._stream.read(min(count, self._size))


def _unpacked(chunk: Chunk) -> Chunk:
    """Return a chunk without compression; raises `ValueError` for one that grows without end."""
    if chunk.compression == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(chunk.data) as stream:
            data = stream.read(CHUNK_BYTES + 1)
    elif chunk.compression == "lz4":
        data = lz4.frame.LZ4FrameDecompressor().decompress(chunk.data, CHUNK_BYTES + 1)
    else:
        data = chunk.data
    if len(data) > CHUNK_BYTES:
        raise ValueError(f"a chunk has more than {CHUNK_BYTES} bytes")
    return replace(chunk, compression="", data=data)


def find_file(path: Path) -> Path:
    """Return the MCAP file of a bag given as its folder or file; raises `DataError`."""
    if path.is_file():
        return path
    files = sorted(path.glob("*.mcap"))
    if len(files) != 1:
        raise DataError(
            f"{path} has {len(files)} MCAP files, expected a bag: a folder with one, or the file"
        )
    return files[0]
