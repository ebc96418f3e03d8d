# SPDX-License-Identifier: Apache-2.0
"""The grasps of the evaluations as they end, read from their journals."""

from itertools import compress
from pathlib import Path

from rlcg_bench.soak.log import Grasp
from rlcg_policy import journal
from rlcg_policy.report.record import GraspRecord


class GraspWatch:
    """Knows which grasps it told of already."""

    def __init__(self, runs: Path) -> None:
        """``runs``: folder of the evaluations' reports; what is in it already is passed over."""
        self._runs = runs
        self._told = {path: self._indices(path) for path in self._journals()}

    def news(self) -> tuple[Grasp, ...]:
        """Return the grasps that ended since the last call."""
        found: list[Grasp] = []
        # A new evaluation may have begun since: look at the one before it once more.
        for path in self._journals()[-2:]:
            told = self._told.setdefault(path, set())
            records = journal.read(path).grasps if path.stat().st_size else {}
            found += [_grasp(one) for index, one in records.items() if index not in told]
            told.update(records)
        return tuple(found)

    def _journals(self) -> list[Path]:
        folders = [path for path in self._runs.glob("2*") if path.is_dir()]
        paths = [folder / journal.FILE for folder in folders]
        return sorted(
            (path for path in paths if path.is_file()), key=lambda path: path.stat().st_ctime_ns
        )

    def _indices(self, path: Path) -> set[int]:
        return set(journal.read(path).grasps)


def _grasp(record: GraspRecord) -> Grasp:
    ran = record.network_ran
    return Grasp(
        step_ms=tuple(compress(record.step_ms, ran)),
        image_to_command_ms=tuple(compress(record.image_to_command_ms, ran)),
        outcome=record.outcome.name.lower(),
        # What was never commanded has no decision, and so no bag.
        recorded=bool(record.recording) or record.steps == 0,
    )
