# SPDX-License-Identifier: Apache-2.0
"""What lies in the bin before each trial of a slot, told from the trials before it alone.

Nothing is remembered outside the record, so that a run that was cut off goes on as if it had not
been.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rlcg_core.protocol import Protocol, Replacement, Trial
from rlcg_core.reasons import Outcome


@dataclass(frozen=True)
class Filling:
    """What a bin is filled with, beyond the object set and the scene's seed.

    ``count`` 0: as many objects as the world has by itself. ``objects_seed`` 0: the scene's seed
    draws the objects. ``without``: numbers of objects, as drawn, that stay out. ``placement``:
    where the bins stand, empty for the only place there is.
    """

    count: int = 0
    objects_seed: int = 0
    without: tuple[int, ...] = ()
    placement: str = ""


NO_FILLING = Filling()


@dataclass(frozen=True)
class Done:
    """What is known of a trial that was made: ``lifted`` are numbers of objects held up."""

    index: int
    outcome: Outcome
    lifted: tuple[int, ...] = ()


def filling(protocol: Protocol, trial: Trial, done: Iterable[Done]) -> Filling:
    """Return the filling for ``trial``; ``done`` holds the trials of its slot made before it."""
    objects_seed = 0 if protocol.replacement is Replacement.NEW_SCENE else trial.objects_seed
    out: set[int] = set()
    if protocol.replacement is Replacement.WITHOUT:
        out = _outside(protocol, trial, done)
    return Filling(protocol.objects_in_bin, objects_seed, tuple(sorted(out)), trial.placement)


def task_for_people(protocol: Protocol, trial: Trial, before: Done | None) -> str:
    """Return what somebody has to do at a robot before ``trial``, empty if nothing.

    ``before``: the trial of this slot made last.
    """
    place = f", bins at place {trial.placement}" if trial.placement else ""
    count = protocol.objects_in_bin or "some"
    if protocol.replacement is Replacement.NEW_SCENE:
        return f"fill the bin anew with {count} objects{place}"
    if trial.number == 0 or before is None:
        return f"put the {count} objects of slot {trial.slot + 1} into the bin{place}"
    if protocol.replacement is Replacement.WITHOUT and before.outcome is Outcome.SUCCESS:
        return "lay the grasped object outside the bin; if the bin is empty, put all objects back"
    return ""


def _outside(protocol: Protocol, trial: Trial, done: Iterable[Done]) -> set[int]:
    """Return the objects that were grasped since the bin was filled last.

    It is filled when a round begins and when it is empty.
    """
    first = trial.index - trial.number
    out: set[int] = set()
    for one in sorted(done, key=lambda item: item.index):
        if not first <= one.index < trial.index or one.outcome is not Outcome.SUCCESS:
            continue
        out.update(one.lifted)
        if protocol.objects_in_bin and len(out) >= protocol.objects_in_bin:
            out.clear()
    return out
