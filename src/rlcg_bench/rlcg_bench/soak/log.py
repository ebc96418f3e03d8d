# SPDX-License-Identifier: Apache-2.0
"""``samples.jsonl``: all that a soak saw, a line per sample, so that it can be gone on with."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rlcg_bench.soak.settings import SoakSettings
from rlcg_bench.soak.usage import Usage
from rlcg_core.errors import ConfigError
from rlcg_core.parameters import from_values

FILE = "samples.jsonl"
FREE = ("minutes", "resume", "run_directory")


@dataclass(frozen=True)
class Grasp:
    """One grasp of the soak. Latencies are of the decisions that ran the network [ms]."""

    step_ms: tuple[float, ...]
    image_to_command_ms: tuple[float, ...]
    outcome: str
    recorded: bool


@dataclass(frozen=True)
class Sample:
    """What was there at one moment: ``time_s`` counts from the begin of ``session``.

    ``grasps``: those that ended since the sample before. ``load``: load average of one minute.
    """

    session: int
    time_s: float
    load: float
    processes: tuple[Usage, ...]
    grasps: tuple[Grasp, ...] = ()


class Log:
    """Appends samples; those of earlier sessions are in ``samples`` already."""

    def __init__(self, folder: Path, settings: SoakSettings) -> None:
        """Open the log of a new soak, or of the one to go on with.

        Raises:
            ConfigError: That one was of another kind.
        """
        self._path = folder / FILE
        self.samples: list[Sample] = []
        if self._path.exists():
            self.samples = read(self._path, settings)
            self._cut_tail()
        else:
            self._append({"settings": asdict(settings)})
        self.session = 1 + max((one.session for one in self.samples), default=-1)

    @property
    def duration_s(self) -> float:
        """How long all sessions ran until their last samples [s]."""
        last = {one.session: one.time_s for one in self.samples}
        return sum(last.values())

    def add(self, sample: Sample) -> None:
        """Keep a sample, on disk first."""
        self._append({"sample": asdict(sample)})
        self.samples.append(sample)

    def _cut_tail(self) -> None:
        """Take away a last line that was not finished."""
        contents = self._path.read_bytes()
        os.truncate(self._path, contents.rfind(b"\n") + 1)

    def _append(self, entry: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry, allow_nan=False) + "\n")


def read(path: Path, settings: SoakSettings | None = None) -> list[Sample]:
    """Return the samples of a log; a line that was cut off in the middle is left out.

    Raises:
        ConfigError: It is no log, or one of a soak with other settings than these.
    """
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    try:
        entries = [json.loads(line) for line in lines if line.endswith("\n")]
        found = from_values(SoakSettings, entries[0]["settings"])
        samples = [_sample(entry["sample"]) for entry in entries[1:]]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ConfigError(
            f"{path} is no log of a soak ({error}), expected one: begin a new soak without resume"
        ) from error
    if settings is not None:
        _check_same(found, settings)
    return samples


def _check_same(found: SoakSettings, wanted: SoakSettings) -> None:
    """Refuse to go on with a soak of another graph; how long it takes may change."""
    before, now = asdict(found), asdict(wanted)
    other = [name for name in now if name not in FREE and before[name] != now[name]]
    if other:
        told = "; ".join(f"{name} is {now[name]}, was {before[name]}" for name in other)
        raise ConfigError(f"this is another soak than the one to go on with: {told}")


def _sample(plain: dict[str, Any]) -> Sample:
    processes = tuple(Usage(**one) for one in plain.pop("processes"))
    grasps = tuple(_grasp(one) for one in plain.pop("grasps"))
    return Sample(**plain, processes=processes, grasps=grasps)


def _grasp(plain: dict[str, Any]) -> Grasp:
    lists = {name: tuple(value) for name, value in plain.items() if isinstance(value, list)}
    return Grasp(**{**plain, **lists})
