# SPDX-License-Identifier: Apache-2.0
"""How often a policy tries again is counted from what it commanded."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_log import toy_episode

from rlcg_core.reasons import Outcome
from rlcg_core.types import Action
from rlcg_train import cli, logged
from rlcg_train.logged import LoggedEpisode, decided
from rlcg_train.regrasps import closings, regrasps

MOVE, CLOSE = Action(np.array([0.01, 0, 0])), Action(np.zeros(3), close=True)
OPEN, END = Action(np.zeros(3), open=True), Action(np.zeros(3), terminate=True)


def episode(outcome: Outcome, *actions: Action) -> LoggedEpisode:
    plain = toy_episode(0, outcome)
    steps = tuple(decided(a.to_array(), float(i), "x") for i, a in enumerate(actions))
    return replace(plain, frames=(plain.frames[0],) * len(actions), decisions=steps)


@pytest.mark.parametrize(
    ("actions", "count"),
    [
        ((MOVE, END), 0),
        ((MOVE, CLOSE, CLOSE, MOVE, END), 1),
        ((CLOSE, MOVE, OPEN, CLOSE, END), 2),
        ((OPEN, CLOSE, OPEN, OPEN, CLOSE, CLOSE, END), 2),
    ],
)
def test_a_try_is_a_closing_of_an_open_jaw(actions: tuple[Action, ...], count: int) -> None:
    assert closings(np.array([a.to_array() for a in actions])) == count


def test_tries_again_are_counted_among_those_whose_first_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    played = [
        episode(Outcome.SUCCESS, MOVE, CLOSE, END),
        episode(Outcome.SUCCESS, CLOSE, OPEN, CLOSE, END),
        episode(Outcome.FAILURE, CLOSE, OPEN, CLOSE, END),
        episode(Outcome.FAILURE, CLOSE, MOVE, END),
        episode(Outcome.FAILURE, MOVE, END),
    ]
    found = regrasps(played)
    assert (found.episodes, found.closings) == (5, 6)
    assert (found.first_failed, found.tried_again) == (3, 2)
    for number, one in enumerate(played):
        logged.write(tmp_path / f"{number:05d}", one)
    assert cli.main(["regrasps", "--episodes", str(tmp_path)]) == 0
    assert "of 3 whose first try failed 2 tried again" in capsys.readouterr().out
