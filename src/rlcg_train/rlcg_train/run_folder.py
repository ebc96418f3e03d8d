# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: who owns it, what it was started with, where it stands.

``run.json`` holds arguments, seed, commit and state; ``metrics.jsonl`` and TensorBoard's event
files what was measured; ``lock`` belongs to the one trainer that may write.
"""

import fcntl
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from rlcg_core.errors import DataError
from rlcg_train.events import EventWriter

STATE, METRICS = "run.json", "metrics.jsonl"
# A run that says it is running but whose file is older than this has died.
SILENT_S = 900.0


@dataclass(frozen=True)
class RunState:
    """All of ``run.json``. ``state``: running, finished, interrupted, or diverged.

    ``done`` of ``total`` cycles; 0 total goes on until interrupted. ``seconds``: spent so far, all
    resumptions together. ``note``: why it stopped, or an alarm.
    """

    kind: str
    settings: dict[str, Any]
    seed: int
    commit: str
    state: str = "running"
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    note: str = ""
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def left_s(self) -> float:
        """Return the time left [s]; nan if it is not known."""
        if not self.done or not self.total:
            return float("nan")
        return self.seconds / self.done * (self.total - self.done)


def write_whole(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text)
    os.replace(temporary, path)


def write_state(folder: Path, state: RunState) -> None:
    """Write the state of a run."""
    write_whole(folder / STATE, json.dumps(asdict(state), default=str))


def read_state(folder: Path) -> RunState:
    """Return the state of a run; raises `DataError`."""
    path = folder / STATE
    try:
        found = RunState(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path} cannot be read ({error}): is {folder} a run?") from error
    if found.state == "running" and time.time() - path.stat().st_mtime > SILENT_S:
        return replace(found, state="dead", note="no sign of life: start it again to go on")
    return found


def _take(folder: Path) -> TextIO:
    """Make a folder and lock it until the returned file is closed; raises `DataError`."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise DataError(
            f"{folder} belongs to a trainer that is running: wait for it, or give another --out"
        ) from error
    return lock


class RunFolder:
    """One run's folder, owned until closed."""

    def __init__(self, folder: Path, state: RunState) -> None:
        """Take the folder; raises `DataError` if another trainer has it or other settings."""
        self._lock = _take(folder)
        self.folder = folder
        self.state = self._resumed(state)
        self._events = EventWriter(folder)
        write_state(folder, self.state)

    def _resumed(self, state: RunState) -> RunState:
        if not (self.folder / STATE).exists():
            return state
        before = read_state(self.folder)
        if json.loads(json.dumps(state.settings)) != before.settings:
            self._lock.close()
            raise DataError(
                f"{self.folder} was begun with settings {before.settings}, now {state.settings}: "
                "give another --out, or the settings of before"
            )
        return replace(before, state="running", note="", total=state.total)

    def note(self, done: int, seconds: float, metrics: dict[str, float], note: str = "") -> None:
        """Write metrics of a cycle, and where the run stands."""
        now = replace(self.state, done=done, seconds=seconds, metrics=metrics, note=note)
        self.state = now
        with (self.folder / METRICS).open("a") as lines:
            lines.write(json.dumps({"cycle": done, "seconds": seconds, **metrics}) + "\n")
        self._events.scalars(done, metrics)
        write_state(self.folder, now)

    def end(self, state: str, note: str = "") -> None:
        """Write how the run ended, and let the folder go.

        Where the disk is full the state of before stays; it counts as dead once it is old.
        """
        self.state = replace(self.state, state=state, note=note or self.state.note)
        try:
            write_state(self.folder, self.state)
        except OSError as error:
            print(f"{self.folder}: cannot write how it ended ({state}): {error}", file=sys.stderr)
        finally:
            self.close()

    def close(self) -> None:
        """Let the folder go; safe to call twice."""
        self._events.close()
        self._lock.close()


class Silent:
    """In place of a `RunFolder` where another process of the same run writes it."""

    def __init__(self, state: RunState) -> None:
        self.state = state

    def note(self, done: int, seconds: float, metrics: dict[str, float], note: str = "") -> None:
        """Write nothing."""

    def end(self, state: str, note: str = "") -> None:
        """Write nothing."""

    def close(self) -> None:
        """Nothing is owned."""


def table(root: Path) -> list[str]:
    """Return a line for each run under a folder."""
    lines = []
    for path in sorted(root.rglob(STATE)):
        try:
            found = read_state(path.parent)
        except DataError as error:
            lines.append(f"{path.parent}: {error}")
            continue
        lines.append(_line(str(path.parent.relative_to(root)), found))
    return lines


def _line(name: str, run: RunState) -> str:
    of = f" of {run.total}" if run.total else ""
    left = "" if run.left_s != run.left_s else f", {run.left_s / 60:.0f} min left"
    chosen = ("loss", "held_out_auc", "success")
    metrics = [f"{key} {run.metrics[key]:.3f}" for key in chosen if key in run.metrics]
    parts = [
        f"{name:<24} {run.kind:<10} {run.state:<11}",
        f"cycle {run.done}{of}, {run.seconds / 60:.0f} min{left if run.state == 'running' else ''}",
        *metrics,
    ]
    return "  ".join(parts) + (f"  [{run.note}]" if run.note else "")
