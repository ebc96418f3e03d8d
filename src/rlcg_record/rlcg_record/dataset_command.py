# SPDX-License-Identifier: Apache-2.0
"""`rlcg dataset`: bags or RLDS files to episodes for training, or to LeRobot's format."""

from collections.abc import Iterator
from pathlib import Path

from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_record import episode_folder, lerobot
from rlcg_record.bag_records import Refused, bag_records, find_bags
from rlcg_record.records import EpisodeRecord
from rlcg_record.rlds_kuka import kuka_records

JUDGED = (Outcome.SUCCESS, Outcome.FAILURE)


class Source:
    """The episodes of all sources, each once; what is refused is told and counted."""

    def __init__(self, paths: list[Path], judged_only: bool) -> None:
        """Raises `DataError` if there is nothing to read."""
        self._judged_only = judged_only
        self._records = [path for path in paths if path.is_file() and "tfrecord" in path.name]
        others = [path for path in paths if path not in self._records]
        self._bags = find_bags(others) if others else []
        self.refused = self.judged = self.taken = 0

    def episodes(self) -> Iterator[EpisodeRecord]:
        """Yield the episodes; what the bag of a fault has of one that is taken is passed over."""
        seen: set[str] = set()
        for found in self._all():
            if found.name in seen:
                continue
            item = self._looked_at(found)
            if isinstance(item, Refused):
                self.refused += 1
                print(f"refused {item.name}: {item.reason}")
                continue
            seen.add(item.name)
            self.taken += 1
            self.judged += item.outcome in JUDGED
            yield item

    def _looked_at(self, item: EpisodeRecord | Refused) -> EpisodeRecord | Refused:
        if isinstance(item, EpisodeRecord) and self._judged_only and item.outcome not in JUDGED:
            return Refused(item.name, "nobody judged it: export with --no-rewards to have it")
        return item

    def _all(self) -> Iterator[EpisodeRecord | Refused]:
        for path in self._bags:
            yield from bag_records(path)
        for path in self._records:
            yield from kuka_records(path)


def make_dataset(sources: list[Path], out: Path, form: str, fps: int, rewards: bool) -> int:
    """Make the data set and say what it holds; return 1 if an episode was refused.

    ``fps`` and ``rewards`` are for LeRobot's format, which has rewards for all episodes or none.
    Raises `DataError` if no episode is good.
    """
    source = Source(sources, judged_only=form == "lerobot" and rewards)
    if form == "lerobot":
        lerobot.export(source.episodes(), out, fps, rewards)
    else:
        for record in source.episodes():
            episode_folder.write(out / record.name, record)
    if not source.taken:
        raise DataError(f"no good episode in {[str(path) for path in sources]}: see the reasons")
    print(f"{source.taken} episodes in {out}, {source.judged} judged, {source.refused} refused")
    return 1 if source.refused else 0
