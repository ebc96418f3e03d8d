# SPDX-License-Identifier: Apache-2.0
"""What the table is asked to show, and whether its stored results show it.

The order is the papers' (RL-CycleGAN, tables 1 to 3); the numbers were set before any row was
trained.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rlcg_core.statistics_paired import DISTINGUISHABLE_P
from rlcg_train.adapt.compare import difference, p_value
from rlcg_train.adapt.recipes import GENERATOR_ONLY, LENGTH, RECIPES, longer, recipe
from rlcg_train.adapt.results import Result

Rows = Mapping[str, Result]
HOLDS, SO_FAR, MISSED, OPEN = "holds", "holds so far", "missed", "not yet measured"
CEILING, AHEAD, LABELLED_FLOOR = 0.30, 0.30, 0.80


@dataclass(frozen=True)
class Verdict:
    """A question of the table: what was asked, what was found, and `HOLDS` or another word."""

    asked: str
    found: str
    verdict: str


@dataclass(frozen=True)
class _Question:
    asked: str
    needs: tuple[str, ...]
    answer: Callable[[Rows], tuple[str, str]]


def verdicts(rows: Rows) -> list[Verdict]:
    """Return all verdicts; ``rows``: results in `real_proxy` by name of the row."""
    found = []
    for question in _QUESTIONS:
        missing = [name for name in question.needs if name not in rows]
        if missing:
            found.append(Verdict(question.asked, f"needs {', '.join(missing)}", OPEN))
            continue
        found.append(Verdict(question.asked, *question.answer(rows)))
    return found


def _word(holds: bool) -> str:
    return HOLDS if holds else MISSED


def _sim_only_fails(rows: Rows) -> tuple[str, str]:
    rate = rows["sim_only"].rate
    return f"{100 * rate:.1f}%", _word(rate < CEILING)


def _longest(rows: Rows, name: str) -> Result:
    """Return a row, or the one like it whose generator learned for longer, if there is one."""
    return rows.get(longer(name), rows[name])


def _told(one: Result) -> str:
    return f"`{one.row}`: " if recipe(one.row).section == LENGTH else ""


def _closes_the_gap(rows: Rows) -> tuple[str, str]:
    mine = _longest(rows, "rl_cycle_gan")
    text, ahead = _ahead(mine, rows["sim_only"])
    return _told(mine) + text, _word(ahead >= AHEAD)


def _ahead(one: Result, other: Result) -> tuple[str, float]:
    found = difference(one, other)
    if found is None:
        return "measured by different protocols", 0.0
    ahead, low, high = (100 * share for share in found)
    return f"{ahead:+.1f} points ({low:+.1f} to {high:+.1f})", found[0]


def _none_is_better(rows: Rows) -> tuple[str, str]:
    mine = _longest(rows, "rl_cycle_gan")
    names = _UNLABELLED_LONGER if mine.row == longer("rl_cycle_gan") else _UNLABELLED
    others = [rows[name] for name in names if name in rows]
    better = [
        f"{other.row} {100 * (other.rate - mine.rate):+.1f} points, p = {p:.2g}"
        for other in others
        if other.rate > mine.rate
        and (p := p_value(mine, other)) is not None
        and p < DISTINGUISHABLE_P
    ]
    if better:
        return "; ".join(better), MISSED
    word = HOLDS if len(others) == len(names) else SO_FAR
    found = f"{len(others)} of {len(names)} others compared, none is better"
    return _told(mine) + found, word


def _labelled_is_good(rows: Rows) -> tuple[str, str]:
    mine = _longest(rows, "rl_cycle_gan_real_2")
    return f"{_told(mine)}{100 * mine.rate:.1f}%", _word(mine.rate >= LABELLED_FLOOR)


def _labelled_beats_real(rows: Rows) -> tuple[str, str]:
    both = _longest(rows, "rl_cycle_gan_real_2"), rows["real_only_2"]
    (text, ahead), p = _ahead(*both), p_value(*both)
    return _told(both[0]) + text, _word(ahead > 0.0 and p is not None and p < DISTINGUISHABLE_P)


_UNLABELLED = tuple(
    row.name for row in RECIPES if row.section == GENERATOR_ONLY and row.name != "rl_cycle_gan"
)
# Generators are compared with those that learned for as long.
_UNLABELLED_LONGER = tuple(
    longer(row.name) if row.generator else row.name for row in RECIPES if row.name in _UNLABELLED
)
_QUESTIONS = (
    _Question("Sim-Only grasps less than 30%: the gap is as hard", ("sim_only",), _sim_only_fails),
    _Question(
        "RL-CycleGAN without labels is 30 points above Sim-Only",
        ("sim_only", "rl_cycle_gan"),
        _closes_the_gap,
    ),
    _Question(
        "no other method without labels is better than RL-CycleGAN",
        ("rl_cycle_gan",),
        _none_is_better,
    ),
    _Question(
        "RL-CycleGAN with 5,000 labelled episodes grasps 80%",
        ("rl_cycle_gan_real_2",),
        _labelled_is_good,
    ),
    _Question(
        "and more than Real-Only with the same episodes",
        ("rl_cycle_gan_real_2", "real_only_2"),
        _labelled_beats_real,
    ),
)
