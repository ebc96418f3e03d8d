# SPDX-License-Identifier: Apache-2.0
"""Which bags are open: one per episode, and one around each fault with what came before it."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from rlcg_record.bag import Bag
from rlcg_record.open_bag import KeeperStatus, KeepLimits, OpenBag, shortage
from rlcg_record.sample import Decided, Ended, Event, GateNews, Item, Judged, Sample, Wished

Provenance = Mapping[str, Mapping[str, str]]


class BagKeeper:
    """Opens, fills and closes bags as events come; a failing disk stops recording, nothing else."""

    def __init__(
        self,
        make_bag: Callable[[str], Bag],
        ring_since: Callable[[float, int], list[Sample]],
        free_bytes: Callable[[], int],
        provenance: Callable[[], Provenance],
        limits: KeepLimits,
        robot: str = "",
    ) -> None:
        """``make_bag`` opens a bag by name; ``ring_since``: `Ring.since`.

        ``robot`` is part of the names, so that several robots can share a folder.
        """
        self._make_bag, self._ring_since = make_bag, ring_since
        self._free_bytes, self._provenance, self._limits = free_bytes, provenance, limits
        self._robot = re.sub(r"[^A-Za-z0-9-]+", "-", robot).strip("-")
        self._open: list[OpenBag] = []
        self._gate_stopped = False
        self._given_up = ""
        self.status = KeeperStatus()

    def handle(self, item: Item, now_s: float) -> None:
        """Take an item that is in the ring already; ``now_s``: monotonic time."""
        before = list(self._open)
        if item.event is not None:
            self._react(item.event, now_s)
        if item.sample is None:
            return
        # A bag that was opened just now has the sample from the ring.
        for entry in [entry for entry in self._open if entry in before]:
            if entry.wants(item.sample, now_s) and self._try(entry, entry.bag.write, [item.sample]):
                self.status.messages += 1

    def tick(self, now_s: float) -> None:
        """Flush, close what is over, and stop before the disk is full; call every second."""
        for entry in list(self._open):
            self._try(entry, entry.bag.flush)
        for entry in [entry for entry in self._open if now_s >= entry.late_until_s]:
            self._close(entry)
        found = self._shortage() if self._open else ""
        if found:
            self.close()
            self.status.failure = found

    def close(self) -> None:
        """Complete all bags."""
        for entry in list(self._open):
            self._close(entry)

    def _react(self, event: Event, now_s: float) -> None:
        if isinstance(event, Decided):
            self._decided(event, now_s)
        elif isinstance(event, Ended):
            self._ended(event, now_s)
        elif isinstance(event, Judged):
            for entry in self._open:
                entry.late_until_s = entry.until_s
        elif isinstance(event, GateNews):
            begins, self._gate_stopped = event.stopped and not self._gate_stopped, event.stopped
            if begins:
                self._fault(f"GATE_{event.reason}", now_s)
        elif isinstance(event, Wished):
            self._fault("ON_REQUEST", now_s)

    def _decided(self, event: Decided, now_s: float) -> None:
        if not self._limits.episodes:
            return
        for entry in [e for e in self._open if e.episode_id not in ("", event.episode_id)]:
            self._close(entry)
        if not self._of(event.episode_id) and event.episode_id != self._given_up:
            lead = self._ring_since(now_s - self._limits.lead_s, event.image_stamp_ns)
            self._begin(self._name("episode", event.episode_id), event.episode_id, lead)
        for entry in self._of(event.episode_id):
            entry.stay(now_s + self._limits.idle_s)

    def _ended(self, event: Ended, now_s: float) -> None:
        tail_s, judge_s = self._limits.tail_s, self._limits.judge_s
        for entry in self._of(event.episode_id):
            entry.stay(now_s + tail_s, now_s + judge_s)
        if event.fault:
            self._fault(event.fault, now_s)

    def _fault(self, reason: str, now_s: float) -> None:
        """Dump the ring; a fault within the tail of another belongs to it."""
        if not self._of(""):
            self._begin(self._name("fault", reason), "", self._ring_since(-float("inf"), 0))
            self.status.faults += 1
        for entry in self._of(""):
            entry.stay(now_s + self._limits.tail_s)

    def _begin(self, name: str, episode_id: str, first: list[Sample]) -> None:
        self.status.failure = self._shortage()
        try:
            bag = None if self.status.failure else self._make_bag(name)
        except OSError as error:
            bag, self.status.failure = None, f"bag {name} cannot be opened: {error}"
        if bag is None:
            self._given_up = episode_id or self._given_up
            return
        entry = OpenBag(bag, episode_id)
        self._open.append(entry)
        about = {"kind": "episode" if episode_id else "fault", "episode_id": episode_id}
        for title, values in {"rlcg_bag": about, **self._provenance()}.items():
            self._try(entry, entry.bag.note, title, values)
        if self._try(entry, entry.bag.write, first):
            self.status.messages += len(first)
        self._tell()

    def _of(self, episode_id: str) -> list[OpenBag]:
        return [entry for entry in self._open if entry.episode_id == episode_id]

    def _close(self, entry: OpenBag) -> None:
        if self._try(entry, entry.bag.close):
            self._open.remove(entry)
            self.status.closed += 1
            self.status.last = entry.bag.folder
            self._tell()

    def _try(self, entry: OpenBag, action: Callable[..., None], *arguments: object) -> bool:
        """Do something with a bag; after an error the bag is left as it is. Say whether it went."""
        if entry not in self._open:
            return False
        try:
            action(*arguments)
        except OSError as error:
            name = entry.bag.folder.name
            self.status.failure = (
                f"bag {name} cannot be written ({error.strerror or error}): make room, then "
                f"`rlcg recover {entry.bag.folder}` keeps what is there"
            )
            self._open.remove(entry)
            self._given_up = entry.episode_id or self._given_up
            entry.bag.abandon()
            self._tell()
            return False
        return True

    def _shortage(self) -> str:
        try:
            return shortage(self._free_bytes(), self._limits.min_free_bytes)
        except OSError as error:
            return f"the bag folder cannot be looked at: {error}"

    def _name(self, kind: str, what: str) -> str:
        """Return ``kind_time_robot_what``; evaluations find the bag of an episode by its end."""
        utc = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S-%f")[:-3]
        # An id comes with a message, and none may lead out of the folder of the bags.
        plain = re.sub(r"[^\w-]", "-", what)[:80]
        return "_".join(filter(None, (kind, utc, self._robot, plain)))

    def _tell(self) -> None:
        self.status.open_names = tuple(entry.bag.folder.name for entry in self._open)
