# SPDX-License-Identifier: Apache-2.0
"""The recorder without ROS: a queue that never waits, and a thread that serves ring and bags."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from rlcg_record.bag_keeper import BagKeeper
from rlcg_record.bounded_queue import BoundedQueue
from rlcg_record.open_bag import KeeperStatus
from rlcg_record.ring import Ring
from rlcg_record.sample import Item

TICK_S = 1.0
WAIT_S = 0.1
DRAIN_S = 5.0


@dataclass(frozen=True)
class RecorderStatus:
    """How the recorder does: its bags, what was dropped by topic, and the fullest queue."""

    bags: KeeperStatus
    dropped: dict[str, int]
    peak_bytes: int
    defect: str


class Recorder:
    """Takes items from any thread; `put` returns at once, whatever the disk does."""

    def __init__(
        self, make_keeper: Callable[[Ring], BagKeeper], ring: Ring, queue: BoundedQueue
    ) -> None:
        self._ring, self._queue = ring, queue
        self._keeper = make_keeper(ring)
        self._ending = threading.Event()
        self._defect = ""
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> bool:
        """Take an item, or drop and count it; return whether it was taken."""
        return self._queue.put(item)

    @property
    def status(self) -> RecorderStatus:
        """Return how the recorder does now."""
        queue = self._queue
        return RecorderStatus(self._keeper.status, queue.dropped, queue.peak_bytes, self._defect)

    def close(self) -> None:
        """Write what is waiting, at most for `DRAIN_S`, and complete the bags."""
        self._ending.set()
        self._thread.join(2.0 * DRAIN_S)

    def _work(self) -> None:
        try:
            self._serve()
        except Exception as error:
            # The thread must not end silently; the node reports the defect and shows the rest.
            self._defect = f"the recorder stopped: {type(error).__name__}: {error}"
            raise

    def _serve(self) -> None:
        ticked_s = time.monotonic()
        while not self._ending.is_set():
            self._take(WAIT_S)
            now_s = time.monotonic()
            if now_s - ticked_s >= TICK_S:
                self._keeper.tick(now_s)
                ticked_s = now_s
        deadline_s = time.monotonic() + DRAIN_S
        while self._take(0.0) and time.monotonic() < deadline_s:
            pass
        self._keeper.close()

    def _take(self, timeout_s: float) -> bool:
        item = self._queue.get(timeout_s)
        if item is None:
            return False
        if item.sample is not None:
            self._ring.add(item.sample)
        self._keeper.handle(item, time.monotonic())
        return True
