# SPDX-License-Identifier: Apache-2.0
"""The run that several robots write into: what is left, and what was done, on disk at once."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from rlcg_core import bin_content, protocol
from rlcg_core.bin_content import Done
from rlcg_core.protocol import Protocol, Trial
from rlcg_core.station import Wish
from rlcg_policy.journal import Journal, Past
from rlcg_policy.report.folder import RunFolder
from rlcg_policy.report.record import GraspRecord, from_dict
from rlcg_policy.report.report import Report
from rlcg_policy.report.strip import Row


class RunBook:
    """Hands out trials and takes in records; used by one thread per robot.

    ``on_record`` is called after each record, with it.
    """

    def __init__(
        self,
        wanted: Protocol,
        report: Report,
        folder: RunFolder,
        journal: Journal,
        on_record: Callable[[GraspRecord], None],
    ) -> None:
        self.report, self._protocol = report, wanted
        self._folder, self._journal, self._on_record = folder, journal, on_record
        self._plan = protocol.plan(wanted, len(report.robots), report.seed)
        self._tries: Counter[int] = Counter()
        self._before_s, self._begun_s = 0.0, time.monotonic()
        self._lock = threading.Lock()

    def go_on(self, past: Past) -> None:
        """Take in what an earlier session did."""
        for record in past.grasps.values():
            self.report.add(record)
        self._tries, self._before_s = past.tries, past.duration_s
        self.report.sessions, self.report.duration_s = past.sessions + 1, past.duration_s
        self._journal.session()

    def todo(self, robot: int) -> list[Trial]:
        """Return what this robot has to do still, in order."""
        with self._lock:
            done = {record.index for record in self.report.episodes}
        return [one for one in self._plan if one.robot == robot and one.index not in done]

    def wish(self, trial: Trial) -> Wish:
        """Return the scene of a trial, which depends on what was done in its slot before."""
        with self._lock:
            episodes = [one for one in self.report.episodes if one.slot == trial.slot]
        before = [Done(one.index, one.outcome, one.lifted) for one in episodes]
        filling = bin_content.filling(self._protocol, trial, before)
        task = bin_content.task_for_people(self._protocol, trial, before[-1] if before else None)
        return Wish(trial.scene_seed, self.report.objects, filling, task)

    def begin(self, trial: Trial) -> None:
        """Note that a trial begins."""
        with self._lock:
            self._tries[trial.index] += 1
            self._journal.begin(trial.index)

    def add(self, record: GraspRecord, row: Row) -> None:
        """Note a finished trial: pictures, then the journal, which counts, then the report."""
        with self._lock:
            # As it will be read back, so that a resumed run reports the same to the last digit.
            kept = from_dict(replace(record, tries=self._tries[record.index]).as_dict())
            self.report.duration_s = self._before_s + time.monotonic() - self._begun_s
            self._folder.add_row(record.index, row)
            self._journal.grasp(kept, self.report.duration_s)
            self.report.add(kept)
            self._folder.write(self.report)
            self._on_record(kept)

    def close(self) -> None:
        """Write the whole report and let go of the journal."""
        with self._lock:
            self._folder.write(self.report, whole=True)
            self._journal.close()
