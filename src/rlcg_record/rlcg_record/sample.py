# SPDX-License-Identifier: Apache-2.0
"""What comes to the recorder: serialized messages, and the few events that say what to keep."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Channel:
    """One recorded topic: resolved name, type as ``package/msg/Name``, its ros2msg definition.

    ``qos``: what its publishers offer, as rosbag2 writes it. ``bulky``: pictures, given up first
    when the disk is slow. ``kept``: the newest message is part of every bag, however old it is.
    ``late``: it may still say something of an episode that is over.
    """

    topic: str
    type_name: str
    definition: str
    qos: str = ""
    bulky: bool = False
    kept: bool = False
    late: bool = False


@dataclass(frozen=True)
class Decided:
    """A decision was made on the image with this stamp [ns]."""

    episode_id: str
    image_stamp_ns: int


@dataclass(frozen=True)
class Ended:
    """An episode ended; ``fault`` names why if that was not an orderly end, else empty."""

    episode_id: str
    fault: str


@dataclass(frozen=True)
class Judged:
    """Someone said what the episode that ended last achieved."""


@dataclass(frozen=True)
class GateNews:
    """The gate's state; ``reason`` names why it is stopped."""

    stopped: bool
    reason: str


@dataclass(frozen=True)
class Wished:
    """Someone asks for what is in the ring."""


Event = Decided | Ended | Judged | GateNews | Wished


@dataclass(frozen=True)
class Sample:
    """A serialized message: when it arrived (wall clock, and monotonic), when it was published.

    ``stamp_ns``: the stamp in its header where that matters, else 0.
    """

    channel: Channel
    data: bytes
    log_ns: int
    publish_ns: int
    arrival_s: float
    stamp_ns: int = 0


@dataclass(frozen=True)
class Item:
    """One entry of the queue: a message, an event, or a message that is an event."""

    sample: Sample | None
    event: Event | None = None
