# SPDX-License-Identifier: Apache-2.0
"""Verdicts of the table: each can hold, be missed and stay open, and none is given too early."""

from dataclasses import replace

import pytest

from rlcg_train.adapt.recipes import GENERATOR_ONLY, RECIPES
from rlcg_train.adapt.results import Result
from rlcg_train.adapt.verdicts import HOLDS, MISSED, OPEN, SO_FAR, verdicts

GAP, CLOSED, NONE_BETTER, LABELLED, ABOVE_REAL = range(5)
N = 400
STORED = Result("", "real_proxy", "one protocol", "", 0, 1.0, 0.0, "", "", False, {})


def rows(**successes: int) -> dict[str, Result]:
    return {
        name: replace(STORED, row=name, outcomes="S" * count + "F" * (N - count))
        for name, count in successes.items()
    }


def words(**successes: int) -> list[str]:
    return [one.verdict for one in verdicts(rows(**successes))]


def test_without_results_every_verdict_is_open() -> None:
    assert words() == [OPEN] * 5


@pytest.mark.parametrize(("successes", "word"), [(119, HOLDS), (120, MISSED)])
def test_the_gap_is_one_where_sim_only_fails(successes: int, word: str) -> None:
    assert words(sim_only=successes)[GAP] == word


@pytest.mark.parametrize(("successes", "word"), [(160, HOLDS), (159, MISSED)])
def test_rl_cycle_gan_is_to_be_30_points_above_sim_only(successes: int, word: str) -> None:
    assert words(sim_only=40, rl_cycle_gan=successes)[CLOSED] == word


def test_rows_of_different_protocols_do_not_hold() -> None:
    found = rows(sim_only=40, rl_cycle_gan=300)
    found["sim_only"] = replace(found["sim_only"], protocol="another")
    assert verdicts(found)[CLOSED].verdict == MISSED
    assert "protocols" in verdicts(found)[CLOSED].found


def test_another_method_that_is_better_by_chance_does_not_count() -> None:
    others = [r.name for r in RECIPES if r.section == GENERATOR_ONLY and r.name != "rl_cycle_gan"]
    assert words(rl_cycle_gan=200, gan=203)[NONE_BETTER] == SO_FAR
    assert words(rl_cycle_gan=200, **dict.fromkeys(others, 203))[NONE_BETTER] == HOLDS
    found = verdicts(rows(rl_cycle_gan=200, gan=220))[NONE_BETTER]
    assert found.verdict == MISSED
    assert "gan +5.0 points" in found.found


@pytest.mark.parametrize(("successes", "word"), [(320, HOLDS), (319, MISSED)])
def test_labels_are_to_lead_to_80_percent(successes: int, word: str) -> None:
    assert words(rl_cycle_gan_real_2=successes)[LABELLED] == word


@pytest.mark.parametrize(("real_only", "word"), [(300, HOLDS), (317, MISSED), (330, MISSED)])
def test_simulation_is_to_help_beyond_chance(real_only: int, word: str) -> None:
    assert words(rl_cycle_gan_real_2=320, real_only_2=real_only)[ABOVE_REAL] == word


def test_a_generator_that_learned_for_longer_is_compared_with_others_that_did() -> None:
    short = {"sim_only": 40, "rl_cycle_gan": 100, "gan": 300, "rl_cycle_gan_real_2": 300}
    assert words(**short)[CLOSED:ABOVE_REAL] == [MISSED] * 3
    found = verdicts(rows(**short, rl_cycle_gan_long=160, rl_cycle_gan_real_2_long=320))
    assert [one.verdict for one in found[CLOSED:ABOVE_REAL]] == [HOLDS, SO_FAR, HOLDS]
    assert all("_long`: " in one.found for one in found[CLOSED:ABOVE_REAL])
    found = verdicts(rows(**short, rl_cycle_gan_long=160, gan_long=200))[NONE_BETTER]
    assert found.verdict == MISSED
    assert "gan_long" in found.found
    assert words(rl_cycle_gan_long=160, rl_cycle_gan=100, sim_only=200)[NONE_BETTER] == MISSED
