# SPDX-License-Identifier: Apache-2.0
import threading
import time
from pathlib import Path

from bag_bench import KeeperBench, joint_state, picture

from rlcg_record.bag_keeper import BagKeeper
from rlcg_record.bounded_queue import ENTRY_BYTES, BoundedQueue
from rlcg_record.recorder import Recorder
from rlcg_record.ring import Ring
from rlcg_record.sample import Decided, Item


def test_what_does_not_fit_is_dropped_and_counted_by_topic() -> None:
    one = Item(picture(0.0))
    size = len(one.sample.data) + ENTRY_BYTES  # type: ignore[union-attr]
    queue = BoundedQueue(int(3.5 * size))
    assert [queue.put(one) for _ in range(5)] == [True, True, True, False, False]
    assert queue.dropped == {"/image_raw": 2}
    assert queue.peak_bytes == 3 * size


def test_pictures_leave_room_for_the_small_messages() -> None:
    queue = BoundedQueue(100_000)
    while queue.put(Item(picture(0.0))):
        pass
    assert queue.put(Item(joint_state(0.0)))
    assert queue.dropped == {"/image_raw": 1}


def test_items_come_out_in_their_order_and_make_room() -> None:
    queue = BoundedQueue(1000)
    for number in range(20):
        item = Item(joint_state(float(number)))
        assert queue.put(item)
        assert queue.get(0.0) is item
    assert queue.get(0.0) is None


class SlowKeeper:
    """Stands in for the keeper: every item waits for a disk that does not answer."""

    def __init__(self, keeper: BagKeeper) -> None:
        self.status, self.handled = keeper.status, 0
        self.disk = threading.Event()

    def handle(self, item: Item, now_s: float) -> None:
        self.disk.wait()
        self.handled += 1

    def tick(self, now_s: float) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_disk_that_hangs_never_holds_up_who_feeds_the_recorder(tmp_path: Path) -> None:
    slow = SlowKeeper(KeeperBench(tmp_path).keeper)
    recorder = Recorder(lambda ring: slow, Ring(5.0, 10**6), BoundedQueue(50_000))  # type: ignore[arg-type,return-value]
    item, longest_s = Item(joint_state(0.0)), 0.0
    for _ in range(2000):
        begun_s = time.monotonic()
        recorder.put(item)
        longest_s = max(longest_s, time.monotonic() - begun_s)
    assert longest_s < 0.05
    assert recorder.status.dropped["/joint_states"] > 1500
    slow.disk.set()
    recorder.close()
    assert slow.handled == 2000 - recorder.status.dropped["/joint_states"]


def test_a_defect_in_the_recorder_is_told_not_swallowed(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path)
    bench.keeper.handle = lambda item, now_s: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    threading.excepthook, before = lambda hook: None, threading.excepthook
    try:
        recorder = Recorder(lambda ring: bench.keeper, bench.ring, BoundedQueue(10**6))
        recorder.put(Item(None, Decided("a", 0)))
        recorder.close()
    finally:
        threading.excepthook = before
    assert "ZeroDivisionError" in recorder.status.defect
