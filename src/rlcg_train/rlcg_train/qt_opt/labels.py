# SPDX-License-Identifier: Apache-2.0
"""The Bellman updater: what each step of an episode was worth, by the target networks.

A step's value is its reward, plus, if the episode goes on, the discounted value of the next state:
min(Q1, Q2) of the choice that CEM finds best on Q1 (clipped double Q, QT-Opt 4.3). Streams are
labelled differently. Off-policy steps take that one-step backup. On-policy steps mix it with the
return that was seen (lambda-return), which carries a late success back through the whole episode;
the mix is cut where the next choice was a random one.

Some labels need no simulator: what it is worth to end at an instant whose outcome is known, to stay
where one is, and to go back the way that an open gripper came.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.log_format import UNKNOWN, End, StepArray
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.search import SearchSettings, best_choices

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ReturnSettings:
    """Discount, and what each step before the end costs.

    QT-Opt's penalty of 0.05 makes a grasp of eight steps worth less than ending at once unless two
    thirds of them succeed; the small profile begins below that and takes Q2-Opt's 0.01.
    """

    discount: float = 0.9
    step_penalty: float = 0.01


@dataclass(frozen=True)
class Backup:
    """Values (T,) of an episode's steps, nan where there is none; ``clipped``: how many."""

    values: FloatArray
    clipped: int


def backed_up(
    steps: StepArray, next_values: FloatArray, trace: float, settings: ReturnSettings
) -> Backup:
    """Return the values of an episode's steps.

    ``next_values`` (T,): V of each step's own state, used by the step before it. ``trace``: the
    share of the return that was seen (lambda), 0 for one-step backups.
    """
    values, clipped = np.full(len(steps), np.nan), 0
    for i in range(len(steps) - 1, -1, -1):
        end = int(steps["end"][i])
        if end == End.CUT_OFF:
            continue
        if end == End.TERMINAL or i == len(steps) - 1:
            values[i] = float(steps["reward"][i])
            continue
        seen = values[i + 1]
        share = 0.0 if steps["explored"][i + 1] or np.isnan(seen) else trace
        future = next_values[i + 1] if share == 0.0 else _mixed(next_values[i + 1], seen, share)
        raw = float(steps["reward"][i]) - settings.step_penalty + settings.discount * future
        values[i] = min(max(raw, 0.0), 1.0)
        clipped += int(values[i] != raw)
    return Backup(values, clipped)


def _mixed(bootstrap: float, seen: float, share: float) -> float:
    return seen if share == 1.0 else (1.0 - share) * bootstrap + share * seen


@torch.no_grad()
def state_values(
    first: QFunction,
    second: QFunction,
    scene: Scene,
    search: SearchSettings,
    generator: torch.Generator,
    also: Tensor,
) -> Tensor:
    """Return V (B,) of frames: min of both networks at the choice that is best on the first.

    Half precision may find the choice; its worth is always of full precision.
    """
    with first.autocast():
        found = best_choices(first, scene, search, generator, also)
    target, command = found.target[:, None], found.command[:, None]
    logits = [q.logits(scene, q.encode(scene), target, command)[:, 0] for q in (first, second)]
    return torch.sigmoid(torch.minimum(*logits))


@dataclass(frozen=True)
class Labelled:
    """Choices with their values: ``step`` (n,) within the episode, ``target`` (n, 4)."""

    step: npt.NDArray[np.int64]
    target: FloatArray
    command: npt.NDArray[np.int64]
    value: FloatArray


def label(
    steps: StepArray,
    backup: Backup,
    next_values: FloatArray,
    settings: ReturnSettings,
    rate: float,
) -> Labelled:
    """Return the labels of an episode: what was done, and what needs no simulator.

    ``next_values`` (T,): V of each state, nan where it was not computed; the value of what was done
    there stands in for it. ``rate``: share of the labels without simulator that is taken.
    """
    done = np.flatnonzero(~np.isnan(backup.values))
    state_value = np.where(np.isnan(next_values), backup.values, next_values)
    onward = (settings.discount * state_value - settings.step_penalty).clip(0.0)
    parts = [
        (done, steps["target"][done], steps["command"][done], backup.values[done]),
        _known_ends(steps, rate),
        _stays(steps, onward, rate),
        _ways_back(steps, onward),
    ]
    step, target, command, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Labelled(step, target, command.astype(np.int64), value)


_Columns = tuple[npt.NDArray[np.int64], FloatArray, npt.NDArray[np.int64], FloatArray]


def _spread(count: int, rate: float) -> npt.NDArray[np.bool_]:
    """Return a mask that is true for a share of ``count`` places, evenly spread."""
    return np.asarray(np.diff(np.floor(np.arange(count + 1) * rate)) > 0)


def _known_ends(steps: StepArray, rate: float) -> _Columns:
    """Return ends at instants where it is known whether the task was done."""
    known = steps["held"] != UNKNOWN
    # A closed jaw that holds nothing looks much like one that holds something: none is left out.
    closed = steps["state"][:, 0] > 0.5
    at = np.flatnonzero(known & (_spread(len(steps), rate) | closed))
    pose = _poses(steps)[at]
    return at, pose, np.full(len(at), Command.TERMINATE), steps["held"][at].astype(np.float64)


def _stays(steps: StepArray, onward: FloatArray, rate: float) -> _Columns:
    """Return moves to where the tool is: they lead back to the same state."""
    goes_on = steps["end"] != End.TERMINAL  # of an end, only its own worth is known
    at = np.flatnonzero(~np.isnan(onward) & goes_on & _spread(len(steps), rate))
    return at, _poses(steps)[at], np.full(len(at), Command.MOVE), onward[at]


def _ways_back(steps: StepArray, onward: FloatArray) -> _Columns:
    """Return the moves of an open gripper backwards: the way up, where data mostly goes down."""
    free = (steps["command"] == Command.MOVE) & (steps["state"][:, 0] < 0.5)
    before = np.flatnonzero(free[:-1] & (steps["end"][:-1] == End.GOES_ON))
    before = before[~np.isnan(onward[before])]
    commands = np.full(len(before), Command.MOVE)
    return before + 1, _poses(steps)[before], commands, onward[before]


def _poses(steps: StepArray) -> FloatArray:
    """Return where the tool was (T, 4): x, y, height [m], yaw [rad]."""
    tool, height = steps["tool"], steps["state"][:, 1]
    return np.stack([tool[:, 0], tool[:, 1], height, tool[:, 3]], axis=1).astype(np.float64)
