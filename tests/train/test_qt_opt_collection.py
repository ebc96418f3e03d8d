# SPDX-License-Identifier: Apache-2.0
"""Collecting in the simulator: seeded by scene, resumable, with mistakes and with fresh weights."""

import dataclasses
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_grasps import SMALL, small_network

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import ConfigError, DataError
from rlcg_core.types import Action
from rlcg_sim.description import find_urdf
from rlcg_train import checkpoints
from rlcg_train.cli import main
from rlcg_train.network import GraspNetwork, NetworkSettings
from rlcg_train.profiles import GOAL, REACH
from rlcg_train.qt_opt.behaviours import BehaviourSettings, PolicyBehaviour, make
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.collection import CollectionSettings, collect, scene_number, start_actors
from rlcg_train.qt_opt.log_format import End, read_journal
from rlcg_train.qt_opt.ramp import Ramp
from rlcg_train.qt_opt.replay import ReplaySource
from rlcg_train.run_folder import read_state

SCRIPTED = BehaviourSettings("scripted")


def settings(folder: Path, **changes: object) -> CollectionSettings:
    made = CollectionSettings(folder, find_urdf(ROBOT1.urdf), SCRIPTED, episodes=2, side_px=32)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collected")
    assert collect(settings(folder), actor=0) == 2
    return folder


def everything(folder: Path) -> list[bytes]:
    source = ReplaySource(folder)
    keys = sorted([*source.train, *source.held_out], key=lambda key: key.stored.number)
    return [
        source.steps(key).tobytes()
        + source.pictures(key, range(key.stored.count)).numpy().tobytes()
        for key in keys
    ]


@pytest.mark.slow
def test_a_scene_gives_the_same_episode_whoever_plays_it_and_when(
    store: Path, tmp_path: Path
) -> None:
    collect(settings(tmp_path, episodes=1), actor=0)
    collect(settings(tmp_path), actor=0)  # goes on
    assert everything(tmp_path) == everything(store)


@pytest.mark.slow
def test_what_is_stored_is_a_consistent_episode(store: Path) -> None:
    source = ReplaySource(store)
    for key in [*source.train, *source.held_out]:
        steps = source.steps(key)
        assert set(steps["end"][:-1]) <= {End.GOES_ON}
        assert steps["end"][-1] != End.GOES_ON
        for step in steps[:-1]:
            action = Action.from_array(step["action"])
            assert action.close == (step["command"] == Command.CLOSE)
            assert action.open == (step["command"] == Command.OPEN)
        ended = steps["command"][-1] == Command.TERMINATE and steps["end"][-1] == End.TERMINAL
        assert key.stored.success == bool(ended and steps["held"][-1])
        assert float(steps["reward"].sum()) == float(key.stored.success)
        # Where the gripper was told to close it counts as closed in the next observation.
        closing = np.flatnonzero(steps["command"][:-1] == Command.CLOSE)
        assert np.all(steps["state"][closing + 1, 0] == 1.0)


def test_actors_and_sources_never_share_a_scene() -> None:
    numbers = [
        scene_number(source, actor, 3, episode)
        for source in range(2)
        for actor in range(3)
        for episode in range(50)
    ]
    assert len(set(numbers)) == len(numbers)


def test_a_behaviour_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected scripted"):
        make(BehaviourSettings("clever"))
    path = tmp_path / "goal.pt"
    layout = NetworkSettings()
    checkpoints.save(path, GOAL, GraspNetwork(layout), layout.as_dict())
    with pytest.raises(ConfigError, match="does not choose all actions"):
        PolicyBehaviour(BehaviourSettings("policy", path)).begin(None, np.random.default_rng(0))  # type: ignore[arg-type]


def test_exploration_gets_less_with_learning() -> None:
    share = BehaviourSettings("policy").random_share
    assert share.at(0) == 0.2
    assert share.at(50) == pytest.approx(0.125)
    assert share.at(1000) == pytest.approx(0.05)
    assert Ramp(1.0, 0.0, 10, 20).at(5) == 1.0


@pytest.mark.slow
def test_an_actor_takes_fresher_weights_before_its_next_episode(tmp_path: Path) -> None:
    path = tmp_path / "policy.pt"
    checkpoints.save(path, REACH, small_network(), SMALL.as_dict())
    behaviour = PolicyBehaviour(BehaviourSettings("policy", path))
    rng = np.random.default_rng(0)
    behaviour.begin(None, rng)  # type: ignore[arg-type]
    first = behaviour._module
    behaviour.begin(None, rng)  # type: ignore[arg-type]
    assert behaviour._module is first
    torch.manual_seed(9)
    checkpoints.save(path, REACH, small_network(), SMALL.as_dict())
    behaviour.begin(None, rng)  # type: ignore[arg-type]
    assert behaviour._module is not first


@pytest.mark.slow
def test_actors_stop_when_told_to_and_keep_what_they_played(tmp_path: Path) -> None:
    stop = multiprocessing.get_context("spawn").Event()
    actors = start_actors(settings(tmp_path, episodes=0, actors=1), stop)
    while not read_journal(tmp_path / "actor_0"):
        assert actors[0].is_alive()
        actors[0].join(0.2)
    stop.set()
    actors[0].join(60.0)
    assert actors[0].exitcode == 0
    played = len(read_journal(tmp_path / "actor_0"))
    assert collect(settings(tmp_path, episodes=played), actor=0) == played


@pytest.mark.slow
def test_the_commands_collect_learn_and_measure_at_toy_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, out = tmp_path / "store", tmp_path / "runs" / "toy"
    small = ["--store", str(store), "--workers", "1"]
    assert main(["qt-opt-collect", "--episodes", "2", *small]) == 0
    assert main(["qt-opt", "--out", str(out), "--cycles", "1", *small]) == 0
    assert main(["status", str(tmp_path / "runs")]) == 0
    assert read_state(out).state == "finished"
    policy = str(out / "policy.pt")
    assert main(["measure", "--checkpoint", policy, "--grasps", "2", "--workers", "1"]) == 0
    assert "95% interval" in capsys.readouterr().out
    with pytest.raises(DataError):
        checkpoints.load(store / "nothing.pt")
