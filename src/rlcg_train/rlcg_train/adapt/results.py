# SPDX-License-Identifier: Apache-2.0
"""Stored results: one small JSON file for each measured policy, from which the table is made."""

import platform
from dataclasses import dataclass
from pathlib import Path

from rlcg_core import strict_json
from rlcg_core.errors import BundleError, DataError
from rlcg_core.statistics import wilson_interval
from rlcg_train.device import Compute

SUCCESS, FAILURE, INVALID = "S", "F", "-"


@dataclass(frozen=True)
class Result:
    """One policy in one world.

    ``outcomes``: a letter for each scene in order (S success, F failure, - not set up), so that
    rows on the same scenes can be compared in pairs. ``protocol``: scenes, objects and seed, never
    pooled. ``train_s``: generator and policies; ``generator_s`` of that, which rows may share.
    """

    row: str
    world: str
    protocol: str
    outcomes: str
    real_episodes: int
    train_s: float
    generator_s: float
    hardware: str
    commit: str
    toy: bool
    agreement: dict[str, float]

    @property
    def successes(self) -> int:
        """Return how many grasps succeeded."""
        return self.outcomes.count(SUCCESS)

    @property
    def trials(self) -> int:
        """Return how many scenes could be set up."""
        return self.successes + self.outcomes.count(FAILURE)

    @property
    def rate(self) -> float:
        """Return the share of successes in [0, 1], 0 where no scene could be set up."""
        return self.successes / max(1, self.trials)

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95% Wilson interval of the rate."""
        return wilson_interval(self.successes, self.trials)


def path_of(folder: Path, row: str, world: str) -> Path:
    """Return where a result lies."""
    return folder / f"{row}.{world}.json"


def write(folder: Path, result: Result) -> None:
    """Store a result."""
    folder.mkdir(parents=True, exist_ok=True)
    strict_json.write(result, path_of(folder, result.row, result.world))


def find(folder: Path, row: str, world: str) -> Result | None:
    """Return one result, None if it was not measured yet; raises `DataError` for a broken one."""
    path = path_of(folder, row, world)
    return _read(path) if path.exists() else None


def _read(path: Path) -> Result:
    try:
        return strict_json.read(Result, path)
    except BundleError as error:
        raise DataError(f"{error}; or delete it and measure again") from error


def read_all(folder: Path) -> dict[tuple[str, str], Result]:
    """Return all results of a folder by row and world; raises `DataError` for a broken one."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        result = _read(path)
        found[result.row, result.world] = result
    return found


def hardware(threads: int, compute: Compute) -> str:
    """Return what this machine computes with, in a few words."""
    if compute.device.type != "cpu":
        return str(compute)
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    except OSError:
        pass  # not Linux: the word of the platform module stands
    precision = "bfloat16" if compute.bf16 else "float32"
    return f"{threads} thread{'s' if threads > 1 else ''} of {model}, {precision}, no GPU"
