# SPDX-License-Identifier: Apache-2.0
"""A run of QT-Opt goes on exactly where it stopped, learns, and leaves what serving loads."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from qt_opt_runs import assert_same, learn_settings, settings, weights

from rlcg_core.errors import DataError
from rlcg_train import checkpoints, run_folder
from rlcg_train.profiles import REACH
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.run import CHECKPOINT, KEPT, POLICY, Run
from rlcg_train.qt_opt.search import SearchSettings, best_choices
from rlcg_train.qt_opt.settings import Ramp
from rlcg_train.qt_opt.updater import seen_by


def test_a_run_goes_on_exactly_where_it_was_interrupted(store: Path, tmp_path: Path) -> None:
    assert Run(settings(store, tmp_path / "whole"), total=4).go() == "finished"
    stops = iter([False, False, True])
    assert (
        Run(settings(store, tmp_path / "parts"), total=4).go(lambda: next(stops)) == "interrupted"
    )
    assert run_folder.read_state(tmp_path / "parts").done == 2
    assert Run(settings(store, tmp_path / "parts"), total=4).go() == "finished"
    assert_same(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    assert run_folder.read_state(tmp_path / "parts").state == "finished"


def test_the_learning_rate_follows_its_plan_after_a_resumption_too(
    store: Path, tmp_path: Path
) -> None:
    learn = dataclasses.replace(learn_settings(), learning_rate=Ramp(1e-3, 1e-4, 0, 3))
    Run(settings(store, tmp_path, learn=learn), total=1).go()
    run = Run(settings(store, tmp_path, learn=learn), total=4)
    run.go()
    assert run.learner.optimizer.param_groups[0]["lr"] == pytest.approx(1e-4)


def test_a_policy_is_what_serving_loads(store: Path, tmp_path: Path) -> None:
    Run(settings(store, tmp_path), total=1).go()
    for name in (POLICY, CHECKPOINT):
        profile, network = checkpoints.load(tmp_path / name)
        assert profile is REACH
        assert_same(weights(tmp_path), network.state_dict())


def test_two_trainers_do_not_share_a_folder(store: Path, tmp_path: Path) -> None:
    first = Run(settings(store, tmp_path), total=1)
    with pytest.raises(DataError, match="trainer that is running"):
        Run(settings(store, tmp_path), total=1)
    first.go()
    Run(settings(store, tmp_path), total=1).go()


def test_a_run_is_not_continued_with_other_settings(store: Path, tmp_path: Path) -> None:
    Run(settings(store, tmp_path), total=1).go()
    with pytest.raises(DataError, match="was begun with settings"):
        Run(settings(store, tmp_path, learn=learn_settings(episodes=7)), total=1)


def test_the_policies_of_before_stay_for_the_last_is_not_always_the_best(
    store: Path, tmp_path: Path
) -> None:
    Run(settings(store, tmp_path, keep_every=2), total=5).go()
    kept = sorted((tmp_path / KEPT).iterdir())
    assert [path.name for path in kept] == ["00000.pt", "00002.pt", "00004.pt"]
    assert [checkpoints.learned_cycles(path) for path in kept] == [0, 2, 4]
    assert not torch.equal(*(checkpoints.load(p)[1].head[1].weight for p in kept[1:]))


@pytest.mark.slow
def test_a_tiny_run_learns_what_a_grasp_is_worth(store: Path, tmp_path: Path) -> None:
    learn = dataclasses.replace(
        learn_settings(trace=0.3, episodes=24), batch=64, passes=2, learning_rate=Ramp(3e-3, 3e-3)
    )
    run = Run(settings(store, tmp_path, learn=learn, judge_every=5), total=15)
    assert run.go() == "finished"
    metrics = run_folder.read_state(tmp_path).metrics
    assert metrics["held_out_auc"] > 0.8
    assert metrics["q_spread_actions"] > 0.01
    assert metrics["loss"] < 0.5
    # It has learned to go and grasp, not to end at once.
    q, source = run.learner.targets.averaged, run.learner.sources["scripted"]
    scenes = [seen_by(q, source, key, np.array([0])) for key in source.held_out]
    begin = [best_choices(q, s, SearchSettings(), torch.Generator()) for s in scenes]
    assert all(int(found.command) != Command.TERMINATE for found in begin)
