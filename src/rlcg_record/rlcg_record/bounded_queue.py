# SPDX-License-Identifier: Apache-2.0
"""The queue between the subscriptions and the disk: bounded in bytes, never waits to be fed."""

import threading
from collections import Counter, deque

from rlcg_record.sample import Item

# Pictures may not fill the last tenth: it is for the small messages, which tell what happened.
RESERVED_SHARE = 0.1
# What an entry costs besides its bytes, so that a flood of tiny messages is bounded too.
ENTRY_BYTES = 200


class BoundedQueue:
    """First in, first out; what does not fit is dropped and counted by topic."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._items: deque[Item] = deque()
        self._news = threading.Condition()
        self._bytes = self._peak_bytes = 0
        self._dropped: Counter[str] = Counter()

    def put(self, item: Item) -> bool:
        """Take an item if there is room, at once; return whether it was taken."""
        sample = item.sample
        size = _size(item)
        share = 1.0 - RESERVED_SHARE if sample is not None and sample.channel.bulky else 1.0
        with self._news:
            if self._bytes + size > share * self._max_bytes:
                self._dropped[sample.channel.topic if sample is not None else "events"] += 1
                return False
            self._items.append(item)
            self._bytes += size
            self._peak_bytes = max(self._peak_bytes, self._bytes)
            self._news.notify()
        return True

    def get(self, timeout_s: float) -> Item | None:
        """Return the oldest item, None if none comes within ``timeout_s``."""
        with self._news:
            if not self._items:
                self._news.wait(timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            self._bytes -= _size(item)
            return item

    @property
    def dropped(self) -> dict[str, int]:
        """Return how many messages of each topic found no room since the start."""
        with self._news:
            return dict(self._dropped)

    @property
    def peak_bytes(self) -> int:
        """Return the most that was ever waiting."""
        return self._peak_bytes


def _size(item: Item) -> int:
    return ENTRY_BYTES + (0 if item.sample is None else len(item.sample.data))
