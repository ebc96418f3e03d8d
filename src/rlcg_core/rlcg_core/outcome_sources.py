# SPDX-License-Identifier: Apache-2.0
"""Who says whether a grasp succeeded, and how far two who say it agree."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from rlcg_core.cell import GripperDescription
from rlcg_core.errors import ConfigError
from rlcg_core.reasons import Outcome

# Closed on nothing, the jaw ends below this; a thinner object is not seen by this source.
HELD_MIN_M = 0.003
# Above this share of its range the jaw did not move: a very wide object, or a gripper that is off.
OPEN_SHARE = 0.97


class Source(Enum):
    """A judge of outcomes, by the name that the record carries."""

    SIMULATOR = "simulator"
    GRIPPER_OPENING = "gripper_opening"
    IMAGE_DIFFERENCE = "image_difference"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Judgement:
    """What one source says. ``text``: what it saw, for people.

    ``lifted``: numbers of the objects held up, ``target``: number of the object that was grasped
    at, -1 if unknown; only the simulator knows them.
    """

    source: Source
    outcome: Outcome
    text: str = ""
    lifted: tuple[int, ...] = ()
    target: int = -1


@dataclass(frozen=True)
class Agreement:
    """How often two sources said the same of a trial on which both said success or failure.

    ``only_first``: the first alone said success.
    """

    first: str
    second: str
    both: int
    neither: int
    only_first: int
    only_second: int

    @property
    def n(self) -> int:
        """Trials that both judged."""
        return self.both + self.neither + self.only_first + self.only_second

    @property
    def same(self) -> int:
        """Trials on which they agreed."""
        return self.both + self.neither


def parse_sources(names: Sequence[str]) -> tuple[Source, ...]:
    """Return the sources of these names; the first one judges. Raises `ConfigError`."""
    known = [source.value for source in Source]
    wrong = [name for name in names if name not in known]
    if wrong or not names or len(set(names)) != len(names):
        raise ConfigError(
            f"outcome_sources is {list(names)}, expected one or more of {', '.join(known)}, each "
            "once, the judging one first"
        )
    return tuple(Source(name) for name in names)


def judge_opening(opening_m: float, gripper: GripperDescription) -> Judgement:
    """Judge by the jaw opening [m] measured after it was told to close and raised.

    Success if it did not close fully: more than `HELD_MIN_M` between the fingers. Unknown if it
    did not close at all: a gripper that does not follow must not count as one that holds.
    """
    text = f"jaw at {1e3 * opening_m:.1f} mm, held from {1e3 * HELD_MIN_M:g} mm on"
    if not opening_m < OPEN_SHARE * gripper.opening_max_m:
        text += ": it did not close, is the gripper on, or the object as wide as the jaw?"
        return Judgement(Source.GRIPPER_OPENING, Outcome.UNKNOWN, text)
    outcome = Outcome.SUCCESS if opening_m > HELD_MIN_M else Outcome.FAILURE
    return Judgement(Source.GRIPPER_OPENING, outcome, text)


def agreements(trials: Iterable[Mapping[str, Outcome]]) -> tuple[Agreement, ...]:
    """Return the agreement of every pair of sources that judged trials together.

    Each trial maps a source's name to what it said.
    """
    listed = list(trials)
    names = list(dict.fromkeys(name for trial in listed for name in trial))
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    found = [_agreement(a, b, listed) for a, b in pairs]
    return tuple(one for one in found if one.n)


def _agreement(first: str, second: str, trials: Iterable[Mapping[str, Outcome]]) -> Agreement:
    clear = (Outcome.SUCCESS, Outcome.FAILURE)
    said = [
        (trial[first] is Outcome.SUCCESS, trial[second] is Outcome.SUCCESS)
        for trial in trials
        if trial.get(first) in clear and trial.get(second) in clear
    ]
    return Agreement(
        first,
        second,
        both=said.count((True, True)),
        neither=said.count((False, False)),
        only_first=said.count((True, False)),
        only_second=said.count((False, True)),
    )
