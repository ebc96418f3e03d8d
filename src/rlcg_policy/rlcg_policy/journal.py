# SPDX-License-Identifier: Apache-2.0
"""The journal of a run: a line per thing that happened, on disk before the next one begins.

``journal.jsonl`` begins with what the run is; then come ``begin`` before and ``grasp`` after each
attempt. Lines are only ever appended, so that whatever kills the program leaves all earlier ones.
A line that was cut off in the middle was not finished: it is taken away when the run goes on.
"""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from rlcg_core.errors import ConfigError
from rlcg_core.strict_json import from_plain, to_plain
from rlcg_policy.report.record import GraspRecord, from_dict

FILE = "journal.jsonl"


@dataclass(frozen=True)
class RunIdentity:
    """What must be the same for two sessions to be one run.

    ``robots`` are namespaces; ``robot`` is what kind all of them are.
    """

    protocol: str
    grasps: int
    objects_in_bin: int
    replacement: str
    robots: tuple[str, ...]
    sources: tuple[str, ...]
    objects: str
    seed: int
    backend: str
    model: str
    model_digest: str
    robot: str = "robot1"

    def check_same(self, found: "RunIdentity") -> None:
        """Raise `ConfigError` naming every field in which ``found`` is another run."""
        names = [one.name for one in fields(self)]
        other = [name for name in names if getattr(self, name) != getattr(found, name)]
        if other:
            told = "; ".join(
                f"{name} is {getattr(self, name)!r}, the journal says {getattr(found, name)!r}"
                for name in other
            )
            raise ConfigError(
                f"this is another run than the one to go on with: {told}; give the same values, "
                "or begin a new run without resume"
            )


@dataclass(frozen=True)
class Past:
    """What a journal tells: the run, its begin (UTC), its grasps by index, and how often begun.

    ``tries`` counts the begins by index, ``sessions`` the times that the run was begun or gone on
    with, ``duration_s`` what the sessions took so far.
    """

    identity: RunIdentity
    started: str
    commit: str
    grasps: dict[int, GraspRecord] = field(default_factory=dict)
    tries: Counter[int] = field(default_factory=Counter)
    sessions: int = 1
    duration_s: float = 0.0


class Journal:
    """Appends to a run's journal; one program at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; raises `ConfigError` if another program writes to it."""
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _sync_folder(path.parent)
        except BlockingIOError:
            raise ConfigError(
                f"another evaluation writes to {path}, expected none: end it first"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"cannot write {path} ({error.strerror}): set run_directory to a folder that you "
                "may write to"
            ) from error

    def head(self, identity: RunIdentity, started: str, commit: str) -> None:
        """Write what the run is."""
        self._append({"run": to_plain(identity), "started": started, "commit": commit})

    def session(self) -> None:
        """Note that the run goes on."""
        self._append({"session": True})

    def begin(self, index: int) -> None:
        """Note that an attempt begins."""
        self._append({"begin": index})

    def grasp(self, record: GraspRecord, duration_s: float) -> None:
        """Note a finished attempt; ``duration_s``: what the run took until now."""
        self._append({"grasp": record.as_dict(), "duration_s": round(duration_s, 4)})

    def close(self) -> None:
        """Let others write."""
        os.close(self._descriptor)

    def cut_tail(self) -> None:
        """Take away a last line that was not finished."""
        contents = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
        os.ftruncate(self._descriptor, contents.rfind(b"\n") + 1)

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = json.dumps(entry, allow_nan=False) + "\n"
        # One write: a reader never finds two halves of different lines.
        os.write(self._descriptor, line.encode())
        os.fsync(self._descriptor)


def read(path: Path) -> Past:
    """Return what a journal tells; raises `ConfigError` for one that is none, or was changed."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"no journal at {path} ({error.strerror}), expected that of an earlier run: name its "
            "folder, or begin a new run without resume"
        ) from error
    lines = text[: text.rfind(b"\n") + 1].splitlines()
    entries = [_entry(line, number, path) for number, line in enumerate(lines, 1)]
    if not entries or "run" not in entries[0]:
        raise ConfigError(f"{path} tells of no run, expected one: begin a new run without resume")
    head = entries[0]
    identity = from_plain(RunIdentity, head["run"], str(path))
    past = Past(identity, str(head["started"]), str(head["commit"]))
    return _replay(past, entries[1:])


def _replay(past: Past, entries: list[dict[str, Any]]) -> Past:
    sessions, duration_s = past.sessions, past.duration_s
    for entry in entries:
        if "begin" in entry:
            past.tries[int(entry["begin"])] += 1
        elif "grasp" in entry:
            record = from_dict(entry["grasp"])
            past.grasps[record.index] = record
            duration_s = float(entry["duration_s"])
        else:
            sessions += 1
    identity, grasps, tries = past.identity, past.grasps, past.tries
    return Past(identity, past.started, past.commit, grasps, tries, sessions, duration_s)


def _entry(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise ConfigError(
            f"{path}, line {number} is no JSON ({error}), expected a line as it was written: the "
            "file was changed; begin a new run without resume"
        ) from error
    if not isinstance(entry, dict):
        raise ConfigError(f"{path}, line {number} is {line[:40]!r}, expected an object")
    return entry


def _sync_folder(folder: Path) -> None:
    """Make the file's name itself last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
