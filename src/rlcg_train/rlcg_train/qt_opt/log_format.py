# SPDX-License-Identifier: Apache-2.0
"""What a log of episodes holds: its records, its journal, and how they are read.

A folder holds ``pictures.bin`` (raw bytes), ``steps.bin`` (fixed records), ``journal.bin`` (one
entry per episode) and ``log.json`` (what the records mean). An episode counts once its entry is
whole; `rlcg_train.qt_opt.episode_log` writes them.
"""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

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
    """What the records of a log mean; logs are learned from together if their `view` is one.

    ``side_px``: pictures are the centre crop, uint8 (side, side, 3) RGB. ``projection``: (3, 4)
    of the camera, row by row.
    """

    side_px: int
    projection: tuple[float, ...]
    renderer: str
    source: str
    spec_fingerprint: str = spec.fingerprint()
    schema: int = SCHEMA

    @property
    def view(self) -> tuple[int, tuple[float, ...]]:
        """Return what pictures must have in common to be learned from together."""
        return self.side_px, self.projection


@dataclass(frozen=True)
class StoredEpisode:
    """Where an episode lies in its log, and what became of it.

    ``number``: of its scene; ``steps_crc``: checksum of its steps.
    """

    first: int
    count: int
    success: bool
    number: int
    steps_crc: int


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


def entry_crc(entry: npt.NDArray[np.void]) -> int:
    """Return the checksum of all of an entry before the checksum itself."""
    return zlib.crc32(entry.tobytes()[: -ENTRY["entry_crc"].itemsize])


def read_journal(folder: Path) -> list[StoredEpisode]:
    """Return the episodes that count: whole entries with the right checksum, in order."""
    path = folder / JOURNAL
    data = path.read_bytes() if path.exists() else b""
    entries = np.frombuffer(data[: len(data) // ENTRY.itemsize * ENTRY.itemsize], ENTRY)
    episodes: list[StoredEpisode] = []
    for entry in entries:
        end = episodes[-1].first + episodes[-1].count if episodes else 0
        if int(entry["entry_crc"]) != entry_crc(entry) or int(entry["first"]) != end:
            break  # nothing after a broken entry can be trusted
        episodes.append(
            StoredEpisode(
                int(entry["first"]),
                int(entry["count"]),
                bool(entry["success"]),
                int(entry["number"]),
                int(entry["steps_crc"]),
            )
        )
    return episodes
