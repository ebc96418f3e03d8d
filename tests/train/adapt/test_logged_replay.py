# SPDX-License-Identifier: Apache-2.0
"""Logged episodes as a replay source, and RL-CycleGAN in the Bellman form on such a source."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_domains import real_episode
from toy_grasps import small_network, write_toy_store
from toy_log import toy_episode

from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_core.types import Action
from rlcg_train import logged
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.logged_replay import take_in
from rlcg_train.adapt.replay_halves import ReplayHalves
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.run import AdaptRun, RunSettings
from rlcg_train.adapt.td_task import BellmanSettings, TdTask, Transitions
from rlcg_train.logged import LoggedEpisode, decided
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.episode import crop_to
from rlcg_train.qt_opt.log_format import End
from rlcg_train.qt_opt.replay import ReplaySource
from rlcg_train.run_folder import read_state

SIDE = 59
SMALL = GanSettings(SIDE, 16, 16, scales=2, batch=2, learning_rate=1e-3)


def episode(number: int) -> LoggedEpisode:
    """Return a logged episode of three steps, on a tray whose bottom lies 2 cm above the base."""
    plain = toy_episode(number)
    frames = (replace(f, state=f.state - [0.0, 0.02]) for f in plain.frames)
    return replace(plain, frames=tuple(frames))


def write_log(folder: Path, count: int) -> None:
    for number in range(count):
        logged.write(folder / f"{number:05d}", episode(number))


def test_logged_steps_come_back_with_their_pictures_and_end_with_the_reward(tmp_path: Path) -> None:
    write_log(tmp_path / "log", 2)
    assert take_in([tmp_path / "log"], tmp_path / "store" / "real", SIDE) == {}
    source = ReplaySource(tmp_path / "store" / "real")
    keys = sorted([*source.train, *source.held_out], key=lambda key: key.stored.number)
    assert [key.stored.success for key in keys] == [True, False]
    for number, key in enumerate(keys):
        seen, steps = toy_episode(number), source.steps(key)
        assert steps["tool"] == pytest.approx(np.array([f.tool_pose for f in seen.frames]))
        assert steps["action"] == pytest.approx(seen.actions, abs=1e-6)
        assert steps["command"].tolist() == [Command.MOVE, Command.CLOSE, Command.TERMINATE]
        assert steps["end"].tolist() == [End.GOES_ON, End.GOES_ON, End.TERMINAL]
        assert steps["reward"].tolist() == [0.0, 0.0, float(number == 0)]
        # A move's target is where its step leads, its height counted from the tray.
        assert steps["target"][0] == pytest.approx([0.55, 0.0, 0.13, 0.0], abs=1e-6)
        logged_again = logged.read(tmp_path / "log" / f"{number:05d}")
        expected = crop_to(logged_again.frames[1].image_hwc, SIDE)
        assert torch.equal(source.pictures(key, [1])[0], torch.from_numpy(expected))


def test_a_second_run_takes_only_what_is_new(tmp_path: Path) -> None:
    write_log(tmp_path / "log", 2)
    store = tmp_path / "real"
    take_in([tmp_path / "log"], store, SIDE)
    write_log(tmp_path / "more", 3)
    shutil.copytree(tmp_path / "more" / "00002", tmp_path / "log" / "00002")
    take_in([tmp_path / "log"], store, SIDE)
    source = ReplaySource(store)
    numbers = [key.stored.number for key in [*source.train, *source.held_out]]
    assert sorted(numbers) == [0, 1, 2]


def test_episodes_that_cannot_be_used_are_left_out_and_named(tmp_path: Path) -> None:
    log, good = tmp_path / "log", toy_episode(0)
    moved = good.frames[0].projection + np.eye(3, 4)
    bent = decided(np.array([0.0, 0, 0, 3.0, 4.0, 0, 0, 0]), 0.0, "servo")
    wrong = {
        "00000": replace(good, outcome=Outcome.INVALID),
        "00002": replace(good, frames=tuple(replace(f, projection=moved) for f in good.frames)),
        "00003": replace(good, decisions=(bent, *good.decisions[1:])),
    }
    for name, episode in {**wrong, "00001": good}.items():
        logged.write(log / name, episode)
    (log / "00004").mkdir()
    (log / "00004" / "episode.json").write_text("{")
    # The camera is that of the first episode that can be read.
    left_out = take_in([log], tmp_path / "real", SIDE)
    assert set(left_out) == {"00000", "00002", "00003", "00004"}
    assert "another camera" in left_out["00002"]
    assert len(ReplaySource(tmp_path / "real").train) == 1


def test_a_log_without_anything_to_use_says_why(tmp_path: Path) -> None:
    (tmp_path / "log" / "00000").mkdir(parents=True)
    (tmp_path / "log" / "00000" / "episode.json").write_text("{")
    with pytest.raises(DataError, match="no episode can be used"):
        take_in([tmp_path / "log"], tmp_path / "real", SIDE)


def joint_phase(root: Path) -> RlCycleGanStage[Transitions]:
    torch.manual_seed(0)
    sim, real = (ReplayHalves(ReplaySource(root / name), SIDE) for name in ("sim", "real"))
    tasks = tuple(TdTask(small_network(), BellmanSettings()) for _ in range(2))
    return RlCycleGanStage(SMALL, sim, real, (tasks[0], tasks[1]))


def long_episode(seed: int) -> LoggedEpisode:
    """Return a logged episode of several moves, so that most steps have a next one."""
    episode = real_episode(seed)
    step = decided(Action(np.array([0.01, 0.0, -0.03])).to_array(), 0.0, "servo")
    return replace(
        episode,
        frames=(episode.frames[0],) * 3 + episode.frames,
        decisions=(step,) * 3 + episode.decisions,
    )


def test_the_bellman_form_learns_from_simulation_and_a_log_and_goes_on_exactly(
    tmp_path: Path,
) -> None:
    write_toy_store(tmp_path / "sim", 12)
    for number in range(12):
        logged.write(tmp_path / "log" / f"{number:05d}", long_episode(number))
    take_in([tmp_path / "log"], tmp_path / "real", SIDE)
    whole, cut = joint_phase(tmp_path), joint_phase(tmp_path)
    assert AdaptRun(RunSettings(tmp_path / "whole", {}, 3), whole).go() == "finished"
    run = AdaptRun(RunSettings(tmp_path / "cut", {}, 3), cut)
    assert run.go(lambda: run.done == 1) == "interrupted"
    resumed = joint_phase(tmp_path)
    assert AdaptRun(RunSettings(tmp_path / "cut", {}, 3), resumed).go() == "finished"
    for one, other in ((whole.Q_real, resumed.Q_real), (whole.G, resumed.G)):
        pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
    assert whole.Q_sim.target_networks.steps == resumed.Q_sim.target_networks.steps == 3  # type: ignore[attr-defined]
    assert {"rl", "scene", "auc_real_g_x", "auc_real_y"} <= set(
        read_state(tmp_path / "cut").metrics
    )
