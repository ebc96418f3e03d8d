# SPDX-License-Identifier: Apache-2.0
"""Reading bags, complete or cut short: from the beginning, as far as they go."""

import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard
from mcap.exceptions import McapError
from mcap.records import Channel, McapRecord, Message, Metadata, Schema
from mcap.stream_reader import StreamReader
from mcap_ros2.decoder import DecoderFactory

from rlcg_core.errors import DataError

# What a reader of a file that ends anywhere can run into.
CUT_SHORT = (McapError, struct.error, zstandard.ZstdError, RuntimeError, ValueError, EOFError)


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
                channel = channels[record.channel_id]
                yield Stored(channel.topic, record, channel, schemas[channel.schema_id])

    def messages(self, wanted: Collection[str]) -> Iterator[tuple[str, Any]]:
        """Yield (name in the nodes, decoded message) of the wanted names, in order of arrival."""
        for item in self.stored():
            name = self.names.get(item.topic, item.topic.lstrip("/"))
            if name in wanted:
                yield name, self.decode(item)

    def decode(self, item: Stored) -> Any:
        """Return the message; raises `DataError` if its schema cannot be read."""
        decoder: Callable[[bytes], Any] | None = self._decoders.decoder_for(
            item.channel.message_encoding, item.schema
        )
        if decoder is None:
            raise DataError(
                f"{self.file}: {item.topic} is {item.channel.message_encoding} with a schema in "
                f"{item.schema.encoding}, expected cdr and ros2msg: was it recorded by rlcg?"
            )
        return decoder(item.message.data)

    def _records(self) -> Iterator[McapRecord]:
        with self.file.open("rb") as stream:
            try:
                yield from StreamReader(stream).records
            except CUT_SHORT:
                self.truncated = True


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
