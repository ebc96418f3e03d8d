# SPDX-License-Identifier: Apache-2.0
"""A run of QT-Opt that cannot go on, or cannot learn from its store, stops and says why."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from qt_opt_runs import settings
from toy_grasps import DESCRIPTION, toy_episode, write_toy_store

from rlcg_core.errors import ConfigError, DataError
from rlcg_train import run_folder
from rlcg_train.device import Compute
from rlcg_train.qt_opt.actors import run_with_actors
from rlcg_train.qt_opt.behaviours import BehaviourSettings
from rlcg_train.qt_opt.collection import CollectionSettings
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.log_format import UNKNOWN, End
from rlcg_train.qt_opt.run import CHECKPOINT, Run
from rlcg_train.qt_opt_network import QtOptSettings


def test_a_diverged_run_stops_keeps_its_last_good_checkpoint_and_says_why(
    store: Path, tmp_path: Path
) -> None:
    run = Run(settings(store, tmp_path, save_every_s=0.0), total=5)
    cycle = run.learner.cycle

    def poisoned() -> dict[str, float]:
        if run.learner.cycles == 2:
            with torch.no_grad():
                run.learner.online.head[1].weight[0, 0] = float("nan")
        return cycle()

    run.learner.cycle = poisoned  # type: ignore[method-assign]
    assert run.go() == "diverged"
    state = run_folder.read_state(tmp_path)
    assert (state.state, state.done) == ("diverged", 2)
    assert "lower learning rate" in state.note
    kept = torch.load(tmp_path / CHECKPOINT, weights_only=True)["learner"]
    assert kept["cycles"] == 2
    assert all(torch.isfinite(value).all() for value in kept["online"].values())
    assert Run(settings(store, tmp_path), total=3).go() == "finished"


def test_without_episodes_there_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="collect some first"):
        Run(settings(tmp_path / "empty", tmp_path / "run"), total=1).go()
    assert run_folder.read_state(tmp_path / "run").state == "interrupted"


def test_a_full_disk_loses_no_checkpoint(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Run(settings(store, tmp_path), total=1).go()
    before = (tmp_path / CHECKPOINT).read_bytes()
    run = Run(settings(store, tmp_path), total=2)
    write: Callable[..., None] = torch.save

    def full(state: object, path: Path) -> None:
        write({}, path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(DataError, match="No space left"):
        run.go()
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert "No space left" in run_folder.read_state(tmp_path).note


def test_a_checkpoint_that_cannot_be_read_is_named_and_the_folder_let_go(
    store: Path, tmp_path: Path
) -> None:
    Run(settings(store, tmp_path), total=1).go()
    whole = (tmp_path / CHECKPOINT).read_bytes()
    for broken in (whole[: len(whole) // 2], b"no checkpoint"):
        (tmp_path / CHECKPOINT).write_bytes(broken)
        with pytest.raises(DataError, match="cannot be read"):
            Run(settings(store, tmp_path), total=2)
    (tmp_path / CHECKPOINT).write_bytes(whole)
    assert Run(settings(store, tmp_path), total=2).go() == "finished"


def test_sources_of_two_cameras_are_not_learned_from_together(tmp_path: Path) -> None:
    write_toy_store(tmp_path / "store/scripted", 3)
    pictures, steps, success = toy_episode(5)
    moved = dataclasses.replace(DESCRIPTION, projection=tuple(range(12)))
    with EpisodeWriter(tmp_path / "store/on_policy/actor_0", moved) as log:
        log.append(pictures, steps, 1, success)
    with pytest.raises(DataError, match="source on_policy has pictures of side and camera"):
        Run(settings(tmp_path / "store", tmp_path / "run"), total=1).go()


def test_a_store_of_another_picture_size_is_refused(store: Path, tmp_path: Path) -> None:
    network = QtOptSettings(channels=8, context=16, dense=16)
    with pytest.raises(DataError, match=r"side and camera \(236, .* expected \(472, "):
        Run(settings(store, tmp_path, network=network), total=1).go()


def test_too_few_steps_to_learn_from_are_no_batch(tmp_path: Path) -> None:
    pictures, steps, success = toy_episode(5)
    steps["end"] = End.CUT_OFF  # an observation that nothing follows is worth nothing
    steps["held"] = UNKNOWN
    with EpisodeWriter(tmp_path / "store/scripted/actor_0", DESCRIPTION) as log:
        log.append(pictures[:1], steps[:1], 1, success)
    with pytest.raises(DataError, match=r"0 steps to learn from .* collect more"):
        Run(settings(tmp_path / "store", tmp_path / "run"), total=1).go()


def test_a_run_does_not_go_on_without_its_actors(store: Path, tmp_path: Path) -> None:
    run = Run(settings(store, tmp_path / "run"))
    (tmp_path / "on_policy").write_text("in the way of the folder that actors write")
    nothing = CollectionSettings(
        tmp_path / "on_policy", tmp_path / "no.urdf", BehaviourSettings("policy", tmp_path / "no")
    )
    with pytest.raises(DataError, match="1 of 1 actors ended with code 1"):
        run_with_actors(run, [nothing])
    assert "actors ended" in run_folder.read_state(tmp_path / "run").note


def test_several_processes_are_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found 2 processes, expected one"):
        Run(settings(store, tmp_path), compute=Compute(world=2))
    Run(settings(store, tmp_path), total=1).go()
