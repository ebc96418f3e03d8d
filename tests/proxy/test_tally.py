# SPDX-License-Identifier: Apache-2.0
"""A measurement that was cut off goes on where it stopped, and never mixes two policies."""

from dataclasses import replace
from pathlib import Path

import pytest

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_proxy import cli
from rlcg_proxy import measure as measuring
from rlcg_proxy.measure import MeasureSettings, measure
from rlcg_proxy.tally import Tally
from rlcg_sim.description import find_urdf

FOUND = [Outcome.SUCCESS, Outcome.FAILURE, Outcome.INVALID]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the scenes that were played; every third one succeeds."""
    numbers = list[int]()

    def trial(number: int) -> Outcome:
        numbers.append(number)
        return Outcome.SUCCESS if number % 3 == 0 else Outcome.FAILURE

    monkeypatch.setattr(measuring, "_trial", trial)
    monkeypatch.setattr(measuring, "_open", lambda settings: None)
    monkeypatch.setattr(measuring, "_close", lambda: None)
    return numbers


@pytest.fixture
def asked(repository: Path, tmp_path: Path) -> MeasureSettings:
    model = repository / "models" / "robot1_grasp_success"
    kept = tmp_path / "row.outcomes"
    return MeasureSettings(model, find_urdf(ROBOT1.urdf), 5, workers=0, kept=kept)


def test_outcomes_come_back_as_they_were(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "below" / "a.outcomes", "of one network")
    tally.write([*FOUND, Outcome.UNKNOWN])
    assert tally.read() == [*FOUND, Outcome.FAILURE]
    assert Tally(tally.path, "of another network").read() == []
    Tally(None, "").write(FOUND)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.outcomes"
    path.write_text("of one network\nSSx\n")
    with pytest.raises(DataError, match=r"holds \['x'\].*delete it"):
        Tally(path, "of one network").read()


def test_a_measurement_plays_only_the_scenes_that_lack(
    played: list[int], asked: MeasureSettings
) -> None:
    asked.tally().write([Outcome.SUCCESS, Outcome.FAILURE])
    found = measure(asked)
    assert played == [2, 3, 4]
    assert [one is Outcome.SUCCESS for one in found] == [True, False, False, True, False]
    assert asked.tally().read() == found
    assert measure(replace(asked, grasps=3)) == found[:3]


def test_the_command_goes_on_from_the_file_that_it_is_given(
    played: list[int], asked: MeasureSettings
) -> None:
    words = ["measure", "--model", str(asked.model), "--kept", str(asked.kept), "--workers", "0"]
    assert cli.main([*words, "--grasps", "2"]) == 0
    assert cli.main([*words, "--grasps", "4"]) == 0
    assert played == [0, 1, 2, 3]


def test_other_scenes_or_another_world_begin_anew(
    played: list[int], asked: MeasureSettings
) -> None:
    for other in (replace(asked, seed=2), replace(asked, look="sim")):
        asked.tally().write([Outcome.SUCCESS] * 5)
        measure(other)
        assert played == [0, 1, 2, 3, 4]
        played.clear()
