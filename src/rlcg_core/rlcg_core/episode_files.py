# SPDX-License-Identifier: Apache-2.0
"""The two JSON files of an episode on disk, which recordings and logs share.

An episode is a folder with ``episode.json`` (what was seen), pictures beside it, and
``decisions.json`` (what was done and what came of it; not in folders of pictures alone).
"""

from dataclasses import dataclass, field
from pathlib import Path

from rlcg_core import spec, strict_json
from rlcg_core.errors import BundleError, DataError
from rlcg_core.reasons import Outcome
from rlcg_core.stored_file import check_plain_name

EPISODE, DECISIONS = "episode.json", "decisions.json"


@dataclass(frozen=True)
class SeenStep:
    """One instant: the picture's file, the spec's state, tool (x, y, z [m], yaw [rad]) in the base.

    ``projection``: the camera's, base to pixels, 3 x 4 row by row.
    """

    image: str
    state: tuple[float, ...]
    tool_pose: tuple[float, ...]
    projection: tuple[float, ...]


@dataclass(frozen=True)
class EpisodeFile:
    """All of ``episode.json``; ``source`` says where the pictures come from."""

    source: str
    steps: tuple[SeenStep, ...]
    spec_fingerprint: str = field(default_factory=spec.fingerprint)


@dataclass(frozen=True)
class Decided:
    """What was done at one instant: the spec's action (8,), and in which phase of what rule.

    The reward is 1 with the last step of a success, else 0, null where nobody judged. What a
    network told beside is null and empty without one.
    """

    action: tuple[float, ...]
    stamp_s: float
    q_value: float | None
    cem_mean: tuple[float, ...]
    cem_std: tuple[float, ...]
    phase: str
    reward: float | None
    done: bool


@dataclass(frozen=True)
class DecisionsFile:
    """All of ``decisions.json``; ``judge`` told the outcome, ``about`` holds what else is known."""

    outcome: str
    judge: str
    about: dict[str, str]
    decisions: tuple[Decided, ...]


def read_seen(folder: Path) -> EpisodeFile:
    """Return ``episode.json``; raises `DataError` for a broken one or one of another spec."""
    try:
        found: EpisodeFile = strict_json.read(EpisodeFile, folder / EPISODE)
        for step in found.steps:
            check_plain_name(step.image, f"{folder / EPISODE}: an image")
    except BundleError as error:
        raise DataError(f"{error}; or leave this episode out") from error
    if found.spec_fingerprint != spec.fingerprint():
        raise DataError(
            f"{folder / EPISODE} is of spec {found.spec_fingerprint:.40}, expected "
            f"{spec.fingerprint()}: record it again"
        )
    return found


def read_told(folder: Path, steps: int) -> DecisionsFile:
    """Return ``decisions.json`` of an episode of so many steps; raises `DataError`."""
    try:
        told: DecisionsFile = strict_json.read(DecisionsFile, folder / DECISIONS)
    except BundleError as error:
        raise DataError(f"{error}; or leave this episode out") from error
    if len(told.decisions) != steps:
        raise DataError(
            f"{folder} has {steps} frames and {len(told.decisions)} decisions, expected as many of "
            "both: leave it out"
        )
    if told.outcome not in Outcome.__members__:
        raise DataError(
            f"{folder / DECISIONS}: outcome is {told.outcome!r:.40}, expected one of "
            f"{list(Outcome.__members__)}"
        )
    for number, one in enumerate(told.decisions):
        if len(one.action) != spec.ACTION_DIM:
            raise DataError(
                f"{folder / DECISIONS}: action {number} has {len(one.action)} numbers, expected "
                f"{spec.ACTION_DIM}: leave this episode out"
            )
    return told
