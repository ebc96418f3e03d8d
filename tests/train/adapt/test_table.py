# SPDX-License-Identifier: Apache-2.0
"""The page of results: rates with intervals, no row invented, protocols never pooled."""

from dataclasses import replace
from pathlib import Path

import pytest

from rlcg_core.errors import ConfigError, DataError
from rlcg_train.adapt import results
from rlcg_train.adapt.compare import p_value
from rlcg_train.adapt.differences import APART, sign
from rlcg_train.adapt.generator_plans import GENERATORS, plan
from rlcg_train.adapt.page import NOT_YET, page, write_page
from rlcg_train.adapt.recipes import RECIPES, recipe
from rlcg_train.adapt.results import Result
from rlcg_train.adapt.scales import SMALL, SMOKE

GOOD = Result(
    row="rl_cycle_gan",
    world="real_proxy",
    protocol="proxy_test, seed 1, a new scene for each grasp",
    outcomes="S" * 300 + "F" * 107 + "-",
    real_episodes=5000,
    train_s=3600.0,
    generator_s=2400.0,
    hardware="1 thread of a processor, no GPU",
    commit="0" * 40,
    toy=False,
    agreement={"objects, x": 0.8, "objects, G(x)": 0.7},
)
BAD = replace(GOOD, row="sim_only", outcomes="S" * 80 + "F" * 327 + "-", agreement={})


def stored(folder: Path, *found: Result) -> str:
    for result in found:
        results.write(folder / "results", result)
    write_page(folder / "results", folder / "results.md", SMALL)
    return (folder / "results.md").read_text()


def test_a_rate_stands_with_its_interval_the_papers_number_and_the_hardware(tmp_path: Path) -> None:
    text = stored(tmp_path, GOOD)
    row = next(line for line in text.splitlines() if line.startswith("| RL-CycleGAN | 5000"))
    assert "300/407 = 73.7% (69.2-77.8)" in row
    assert "| 70% |" in row
    assert "60 min, 40 of it the generator" in row
    assert "no GPU" in row


def test_rows_without_a_run_say_what_they_need(tmp_path: Path) -> None:
    text = stored(tmp_path, GOOD)
    assert text.count(NOT_YET) == len(RECIPES) - 1
    assert "not yet trained: `rlcg-proxy table --rows cycle_gan`" in text


def test_rows_without_a_run_say_how_long_they_would_take(tmp_path: Path) -> None:
    text = stored(tmp_path, GOOD, replace(GOOD, row="gan", train_s=600.0, generator_s=540.0))
    lines = {
        line.split("--rows ")[1].split("`")[0]: line
        for line in text.splitlines()
        if "--rows" in line
    }
    # Four times its 9 minutes, and the median of what policies without labels took: 20 and 1.
    assert "| about 46 min |" in lines["gan_long"]
    assert "| about 170 min |" in lines["rl_cycle_gan_long"]
    # Nothing with labels was measured, and no generator of this kind.
    assert "about" not in lines["rl_cycle_gan_real_1"] + lines["rcan"] + lines["cycle_gan_long"]


def test_an_empty_page_invents_nothing(tmp_path: Path) -> None:
    text = page({}, SMALL, tmp_path)
    assert "95" not in text
    assert text.count(f"{NOT_YET}:") == len(RECIPES)


def test_differences_are_tested_in_pairs_on_the_same_scenes(tmp_path: Path) -> None:
    text = stored(tmp_path, GOOD, BAD)
    assert "| 1 | `rl_cycle_gan` |  | > |" in text
    assert "| 2 | `sim_only` | < |  |" in text
    assert "uncorrected for the 1 pairs" in text
    alike = replace(GOOD, row="cycle_gan", outcomes="F" + GOOD.outcomes[1:])
    text = stored(tmp_path, alike)
    assert "| 2 | `cycle_gan` | = |  | > |" in text
    assert "uncorrected for the 3 pairs" in text


@pytest.mark.parametrize(
    "other", [replace(BAD, protocol="mixed_test, seed 1"), replace(BAD, world="sim")]
)
def test_rows_of_different_protocols_are_never_compared(other: Result) -> None:
    assert p_value(GOOD, BAD) is not None
    assert p_value(GOOD, other) is None
    assert sign(GOOD, other) == APART


def test_the_page_in_the_repository_is_of_the_results_stored_there(repository: Path) -> None:
    docs = repository / "docs"
    made = page(results.read_all(docs / "results"), SMALL, docs / "results" / "pictures")
    assert (docs / "results.md").read_text() == made, "run: rlcg-train page"


def test_toy_runs_are_named_as_such(tmp_path: Path) -> None:
    assert "Toy size" not in stored(tmp_path, GOOD)
    assert "Toy size" in stored(tmp_path, replace(GOOD, toy=True))


def test_a_result_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    results.write(tmp_path, GOOD)
    assert results.read_all(tmp_path) == {("rl_cycle_gan", "real_proxy"): GOOD}
    results.path_of(tmp_path, "sim_only", "sim").write_text("{}")
    with pytest.raises(DataError, match="delete it and measure again"):
        results.read_all(tmp_path)


def test_the_agreement_of_masks_is_shown_for_each_generator(tmp_path: Path) -> None:
    text = stored(tmp_path, GOOD, replace(GOOD, row="rl_cycle_gan_real_2"))
    assert text.count("| 0.70 | 0.80 |") == text.count("| `rl_cycle_gan` | 0.70 | 0.80 |") == 1


def test_every_row_names_a_generator_and_a_row_that_there_are() -> None:
    assert len({row.name for row in RECIPES}) == len(RECIPES)
    for row in RECIPES:
        if row.generator:
            assert plan(row.generator) in GENERATORS
        if row.tunes:
            assert recipe(row.tunes) in RECIPES
        assert row.amount is None or row.amount < len(SMALL.amounts) == len(SMOKE.amounts)
    with pytest.raises(ConfigError, match="row is"):
        recipe("nothing")


def test_the_table_has_the_methods_and_amounts_of_the_papers() -> None:
    titles = {row.title for row in RECIPES}
    assert {"Sim-Only", "Randomized Sim", "GAN", "CycleGAN", "GraspGAN", "RCAN"} <= titles
    for title in ("Real-Only", "Sim+Real", "GraspGAN", "RL-CycleGAN"):
        amounts = {r.amount for r in RECIPES if r.title == title and r.amount is not None}
        assert amounts == {0, 1, 2}
    assert SMALL.amounts == (500, 1500, 5000)
    assert SMALL.grasps == 408
