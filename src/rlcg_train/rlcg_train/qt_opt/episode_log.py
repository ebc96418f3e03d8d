# SPDX-License-Identifier: Apache-2.0
"""Write episodes to disk: files that only grow, and a journal entry that makes an episode count.

An episode's pictures and steps are written and flushed to disk before its entry; a process that is
killed in between leaves bytes behind that no entry counts, and the next writer writes over them.
Readers map the files into memory and see whole episodes only.
"""

import fcntl
import json
import os
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import numpy as np

from rlcg_core.errors import DataError
from rlcg_train.qt_opt.log_format import (
    DESCRIPTION,
    ENTRY,
    JOURNAL,
    PICTURES,
    STEP,
    STEPS,
    ImageArray,
    LogDescription,
    StepArray,
    StoredEpisode,
    describe,
    entry_crc,
    read_journal,
)


class EpisodeWriter:
    """Appends episodes to a log; one writer per folder at a time."""

    def __init__(self, folder: Path, description: LogDescription) -> None:
        """Open or make the log; raises `DataError` if it is another's or being written."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._description = folder, description
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise DataError(f"{folder} is being written by another process: wait for it") from error
        self._describe()
        self.episodes = read_journal(folder)
        committed = sum(e.count for e in self.episodes)
        self._pictures = _open_at(folder / PICTURES, committed * self._picture_bytes)
        self._steps = _open_at(folder / STEPS, committed * STEP.itemsize)
        self._journal = _open_at(folder / JOURNAL, len(self.episodes) * ENTRY.itemsize)

    @property
    def _picture_bytes(self) -> int:
        return 3 * self._description.side_px**2

    def _describe(self) -> None:
        if (self.folder / DESCRIPTION).exists():
            found = describe(self.folder)
            if found != self._description:
                raise DataError(f"{self.folder} holds {found}, expected {self._description}")
            return
        temporary = self.folder / "log.part"
        temporary.write_text(json.dumps(asdict(self._description)))
        os.replace(temporary, self.folder / DESCRIPTION)

    def append(self, pictures: ImageArray, steps: StepArray, number: int, success: bool) -> None:
        """Write one episode: pictures (T, side, side, 3) and steps (T,) of `STEP`.

        It counts once this returns, whatever happens to the process or the machine. Raises
        `DataError` where it cannot be written; what was written before stays.
        """
        side = self._description.side_px
        if pictures.shape != (len(steps), side, side, 3) or steps.dtype != STEP:
            raise DataError(f"pictures {pictures.shape} and {len(steps)} steps of another layout")
        first = self.episodes[-1].first + self.episodes[-1].count if self.episodes else 0
        _flush(self._pictures, pictures.tobytes())
        _flush(self._steps, steps.tobytes())
        entry = np.zeros((), ENTRY)
        entry["first"], entry["count"], entry["number"] = first, len(steps), number
        crc = zlib.crc32(steps.tobytes())
        entry["success"], entry["steps_crc"] = success, crc
        entry["entry_crc"] = entry_crc(entry)
        _flush(self._journal, entry.tobytes())
        self.episodes.append(StoredEpisode(first, len(steps), success, number, crc))

    def close(self) -> None:
        """Release the log; safe to call twice."""
        for file in (self._pictures, self._steps, self._journal, self._lock):
            file.close()

    def __enter__(self) -> "EpisodeWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _open_at(path: Path, size: int) -> BinaryIO:
    """Open for appending after ``size`` bytes; what lies beyond was never committed."""
    path.touch()
    if path.stat().st_size < size:
        raise DataError(f"{path} has {path.stat().st_size} bytes, its journal says {size}")
    file = path.open("r+b")
    file.truncate(size)
    file.seek(size)
    return file


def _flush(file: BinaryIO, data: bytes) -> None:
    try:
        file.write(data)
        file.flush()
        os.fdatasync(file.fileno())
    except OSError as error:
        raise DataError(
            f"{file.name} cannot be written ({error}): the episodes before are kept; mend that and "
            "start again"
        ) from error
