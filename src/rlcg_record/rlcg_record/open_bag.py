# SPDX-License-Identifier: Apache-2.0
"""What the keeper knows of its bags: limits, those that are open, what became of them."""

from dataclasses import dataclass, field
from pathlib import Path

from rlcg_record.bag import Bag
from rlcg_record.sample import Sample


@dataclass(frozen=True)
class KeepLimits:
    """What is kept, in seconds around what happens.

    ``lead_s`` before an episode's first decision, ``tail_s`` after an episode or a fault; a
    judgement is waited for up to ``judge_s``, with nothing else recorded after the tail.
    ``idle_s``: an episode without a decision for so long is over. ``min_free_bytes`` of disk are
    left to others.
    """

    episodes: bool = True
    lead_s: float = 1.0
    tail_s: float = 2.0
    judge_s: float = 0.0
    idle_s: float = 60.0
    min_free_bytes: int = 500_000_000


@dataclass(eq=False)
class OpenBag:
    """An open bag: of which episode (empty: of a fault), until when all goes in, and late news."""

    bag: Bag
    episode_id: str
    until_s: float = 0.0
    late_until_s: float = 0.0

    def stay(self, until_s: float, late_until_s: float = 0.0) -> None:
        """Be open until then."""
        self.until_s, self.late_until_s = until_s, max(until_s, late_until_s)

    def wants(self, sample: Sample, now_s: float) -> bool:
        """Whether a sample goes into this bag."""
        return now_s <= self.until_s or sample.channel.late


@dataclass
class KeeperStatus:
    """What became of the bags; ``failure``: why recording stopped, until it works again."""

    failure: str = ""
    closed: int = 0
    faults: int = 0
    last: Path | None = None
    messages: int = 0
    open_names: tuple[str, ...] = field(default_factory=tuple)


def shortage(free_bytes: int, wanted_bytes: int) -> str:
    """Return what is wrong with the room on a disk, empty if there is enough."""
    if free_bytes >= wanted_bytes:
        return ""
    return (
        f"the disk has {free_bytes / 1e6:.0f} MB free, expected {wanted_bytes / 1e6:.0f}: make room"
    )
