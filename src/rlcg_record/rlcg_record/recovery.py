# SPDX-License-Identifier: Apache-2.0
"""A complete bag out of one that was cut short by a crash or a full disk."""

from dataclasses import dataclass
from pathlib import Path

from rlcg_core.errors import DataError
from rlcg_record.bag import Bag
from rlcg_record.reader import BagReader, Stored
from rlcg_record.sample import Channel, Sample


@dataclass(frozen=True)
class Recovered:
    """What was saved: messages by topic, where to, and whether anything was missing at all."""

    folder: Path
    counts: dict[str, int]
    truncated: bool


def recover(path: Path, folder: Path) -> Recovered:
    """Copy all messages that can be read into a new bag; the old one stays as it is.

    Raises `DataError` if nothing can be read or ``folder`` exists.
    """
    if folder.exists():
        raise DataError(f"{folder} exists already: remove it or name another with --out")
    reader = BagReader(path)
    channels: dict[int, Channel] = {}
    bag = Bag(folder)
    for name, values in reader.notes.items():
        bag.note(name, values)
    for item in reader.stored():
        channel = channels.get(item.channel.id) or channels.setdefault(
            item.channel.id, _channel(item)
        )
        message = item.message
        bag.write([Sample(channel, message.data, message.log_time, message.publish_time, 0.0)])
    bag.close()
    return Recovered(folder, dict(bag.contents.counts), reader.truncated)


def _channel(item: Stored) -> Channel:
    try:
        definition = item.schema.data.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"the definition of {item.schema.name} is no text ({error})") from error
    return Channel(
        topic=item.topic,
        type_name=item.schema.name,
        definition=definition,
        qos=item.channel.metadata.get("offered_qos_profiles", ""),
    )
