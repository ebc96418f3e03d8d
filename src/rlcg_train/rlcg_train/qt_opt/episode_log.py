# SPDX-License-Identifier: Apache-2.0
"""Episodes on disk: three files that only grow, and a journal entry that makes an episode count.

A folder holds ``pictures.bin`` (raw bytes), ``steps.bin`` (fixed records), ``journal.bin`` (one
entry per episode) and ``log.json`` (what the records mean). An episode's pictures and steps are
written and flushed to disk before its entry; a process that is killed in between leaves bytes
behind that no entry counts, and the next writer writes over them. Readers map the files into
memory and see whole episodes only.
"""

import fcntl
import json
import os
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.errors import DataError

ImageArray = npt.NDArray[np.uint8]
StepArray = npt.NDArray[np.void]

SCHEMA = 1
DESCRIPTION, PICTURES, STEPS, JOURNAL = "log.json", "pictures.bin", "steps.bin", "journal.bin"
UNKNOWN = 255

# One observed instant and what was done then. ``target`` (4,): x, y, height [m], yaw [rad];
# ``held``: whether the task was done at this instant (1, 0, or UNKNOWN); ``end``: see `End`.
STEP = np.dtype(
    [
        ("tool", "<f4", 4),
        ("state", "<f4", spec.STATE_DIM),
        ("action", "<f4", spec.ACTION_DIM),
        ("target", "<f4", 4),
        ("reward", "<f4"),
        ("command", "u1"),
        ("explored", "u1"),
        ("held", "u1"),
        ("end", "u1"),
    ]
)
ENTRY = np.dtype(
    [
        ("first", "<u8"),
        ("count", "<u4"),
        ("success", "<u4"),
        ("number", "<u8"),
        ("steps_crc", "<u4"),
        ("entry_crc", "<u4"),
    ]
)


class End:
    """Values of a step's ``end``."""

    GOES_ON = 0
    TERMINAL = 1
    CUT_OFF = 2  # the step limit: an observation without an action


@dataclass(frozen=True)
class LogDescription:
    """What the records of a log mean; two logs are mixed only if these are equal.

    ``side_px``: pictures are the centre crop, uint8 (side, side, 3) RGB. ``projection``: (3, 4)
    of the camera, row by row.
    """

    side_px: int
    projection: tuple[float, ...]
    renderer: str
    source: str
    spec_fingerprint: str = spec.fingerprint()
    schema: int = SCHEMA


@dataclass(frozen=True)
class StoredEpisode:
    """Where an episode lies in its log, and what became of it. ``number``: of its scene."""

    first: int
    count: int
    success: bool
    number: int


def describe(folder: Path) -> LogDescription:
    """Return a log's description; raises `DataError` if it cannot be read or is of another spec."""
    path = folder / DESCRIPTION
    try:
        found = json.loads(path.read_text())
        made = LogDescription(**{**found, "projection": tuple(found["projection"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path} cannot be read ({error}): move the folder away") from error
    expected = (SCHEMA, spec.fingerprint())
    if (made.schema, made.spec_fingerprint) != expected:
        raise DataError(
            f"{path} is of schema and spec {(made.schema, made.spec_fingerprint)}, "
            f"expected {expected}: collect again"
        )
    return made


def _entry_crc(entry: npt.NDArray[np.void]) -> int:
    return zlib.crc32(entry.tobytes()[: -ENTRY["entry_crc"].itemsize])


def read_journal(folder: Path) -> list[StoredEpisode]:
    """Return the episodes that count: whole entries with the right checksum, in order."""
    path = folder / JOURNAL
    data = path.read_bytes() if path.exists() else b""
    entries = np.frombuffer(data[: len(data) // ENTRY.itemsize * ENTRY.itemsize], ENTRY)
    episodes: list[StoredEpisode] = []
    for entry in entries:
        end = episodes[-1].first + episodes[-1].count if episodes else 0
        if int(entry["entry_crc"]) != _entry_crc(entry) or int(entry["first"]) != end:
            break  # nothing after a broken entry can be trusted
        episodes.append(
            StoredEpisode(
                int(entry["first"]),
                int(entry["count"]),
                bool(entry["success"]),
                int(entry["number"]),
            )
        )
    return episodes


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

        It counts once this returns, whatever happens to the process or the machine.
        """
        side = self._description.side_px
        if pictures.shape != (len(steps), side, side, 3) or steps.dtype != STEP:
            raise DataError(f"pictures {pictures.shape} and {len(steps)} steps of another layout")
        first = self.episodes[-1].first + self.episodes[-1].count if self.episodes else 0
        _flush(self._pictures, pictures.tobytes())
        _flush(self._steps, steps.tobytes())
        entry = np.zeros((), ENTRY)
        entry["first"], entry["count"], entry["number"] = first, len(steps), number
        entry["success"], entry["steps_crc"] = success, zlib.crc32(steps.tobytes())
        entry["entry_crc"] = _entry_crc(entry)
        _flush(self._journal, entry.tobytes())
        self.episodes.append(StoredEpisode(first, len(steps), success, number))

    def close(self) -> None:
        """Release the log; safe to call twice."""
        for file in (self._pictures, self._steps, self._journal, self._lock):
            file.close()

    def __enter__(self) -> "EpisodeWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
    file.write(data)
    file.flush()
    os.fdatasync(file.fileno())
