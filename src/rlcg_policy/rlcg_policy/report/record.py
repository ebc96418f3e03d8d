# SPDX-License-Identifier: Apache-2.0
"""One grasp of an evaluation, as it stands in journal and report; see docs/report-schema.md."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, TypeVar

from rlcg_core.errors import ConfigError
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import Outcome, TerminationReason

E = TypeVar("E", bound=IntEnum)


@dataclass(frozen=True)
class GraspRecord:
    """One attempt. ``seed`` is of the scene; milliseconds and ``network_ran`` are per step.

    ``slot``, ``round`` and ``placement`` are of the protocol; ``robot`` did it. ``without`` and
    ``target`` are numbers of objects in ``object_names``. ``sources``: all that was said of the
    outcome, ``judged_by`` the one that counts, empty where none was asked. ``tries``: how often
    the attempt was begun; more than once where the program was cut off in the midst of it.
    """

    index: int
    seed: int
    outcome: Outcome
    reason: TerminationReason
    text: str
    steps: int
    last_q: float
    duration_s: float
    step_ms: tuple[float, ...] = ()
    image_to_command_ms: tuple[float, ...] = ()
    network_ran: tuple[bool, ...] = ()
    object_names: tuple[str, ...] = ()
    robot: str = ""
    slot: int = 0
    round: int = 0
    placement: str = ""
    without: tuple[int, ...] = ()
    judged_by: str = ""
    sources: tuple[Judgement, ...] = ()
    recording: str = ""
    tries: int = 1

    @property
    def valid(self) -> bool:
        """Whether this attempt counts: a success or a failure."""
        return self.outcome in (Outcome.SUCCESS, Outcome.FAILURE)

    @property
    def lifted(self) -> tuple[int, ...]:
        """Return the numbers of the objects that somebody saw held up."""
        return next((one.lifted for one in self.sources if one.lifted), ())

    @property
    def target(self) -> int:
        """Return the number of the object that was grasped at, -1 if nobody knows."""
        return next((one.target for one in self.sources if one.target >= 0), -1)

    def as_dict(self) -> dict[str, Any]:
        """Return the row of ``episodes``."""
        return {
            "index": self.index,
            "robot": self.robot,
            "slot": self.slot,
            "round": self.round,
            "placement": self.placement,
            "seed": self.seed,
            "outcome": self.outcome.name.lower(),
            "judged_by": self.judged_by,
            "sources": [_judgement_as_dict(one) for one in self.sources],
            "termination_reason": self.reason.name.lower(),
            "text": self.text,
            "steps": self.steps,
            "last_q": number(self.last_q),
            "duration_s": number(self.duration_s),
            "step_ms": [number(value) for value in self.step_ms],
            "image_to_command_ms": [number(value) for value in self.image_to_command_ms],
            "network_ran": list(self.network_ran),
            "object_names": list(self.object_names),
            "without": list(self.without),
            "recording": self.recording,
            "tries": self.tries,
        }


def from_dict(row: Mapping[str, Any]) -> GraspRecord:
    """Return the record that `GraspRecord.as_dict` wrote; raises `ConfigError` for another form."""
    try:
        plain = dict(row)
        reason = _named(TerminationReason, plain.pop("termination_reason"))
        outcome = _named(Outcome, plain.pop("outcome"))
        said = tuple(_judgement(one) for one in plain.pop("sources"))
        for name in ("last_q", "duration_s"):
            plain[name] = math.nan if plain[name] is None else float(plain[name])
        lists = {name: _tuple(v) for name, v in plain.items() if isinstance(v, list)}
        return GraspRecord(**{**plain, **lists}, reason=reason, outcome=outcome, sources=said)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"a grasp is written as {str(row)[:80]}... ({error}), expected the form of "
            "docs/report-schema.md: it is of another version of rlcg"
        ) from error


def write_atomically(path: Path, contents: bytes) -> None:
    """Replace ``path`` in one step: a reader, or a crash, never sees half a file."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(contents)
    os.replace(part, path)


def number(value: float | None) -> float | None:
    """Round for the record; what is no number becomes null."""
    return None if value is None or not math.isfinite(value) else round(value, 4)


def _judgement_as_dict(one: Judgement) -> dict[str, Any]:
    return {
        "source": one.source.value,
        "outcome": one.outcome.name.lower(),
        "text": one.text,
        "lifted": list(one.lifted),
        "target": one.target,
    }


def _judgement(plain: Mapping[str, Any]) -> Judgement:
    return Judgement(
        source=Source(plain["source"]),
        outcome=_named(Outcome, plain["outcome"]),
        text=str(plain["text"]),
        lifted=tuple(int(one) for one in plain["lifted"]),
        target=int(plain["target"]),
    )


def _tuple(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(math.nan if value is None else value for value in values)


def _named(kind: type[E], name: str) -> E:
    return kind[name.upper()]
