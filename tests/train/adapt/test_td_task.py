# SPDX-License-Identifier: Apache-2.0
"""QT-Opt's form of the task: its targets, and the transitions of a replay."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_domains import PROJECTION
from toy_grasps import DESCRIPTION, small_network, toy_episode, write_toy_store

from rlcg_core.errors import DataError
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.ranges import to_signed
from rlcg_train.adapt.replay_halves import ReplayHalves
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.td_task import BellmanSettings, TdTask, Transitions
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.log_format import End
from rlcg_train.qt_opt.replay import ReplaySource

SMALL = GanSettings(59, 16, 16, scales=2, batch=2, learning_rate=1e-3)


def transitions(count: int, terminal: float) -> Transitions:
    pose = torch.tensor([0.57, 0.0, 0.2, 0.0]).expand(count, 4)
    state = torch.tensor([0.0, 0.2]).expand(count, 2)
    return Transitions(
        tool=pose,
        state=state,
        target=torch.tensor([0.57, 0.0, 0.1, 0.0]).expand(count, 4),
        command=torch.full((count,), int(Command.MOVE)),
        reward=torch.full((count,), terminal),
        terminal=torch.full((count,), terminal),
        success=torch.full((count,), terminal),
        next_tool=pose,
        next_state=state,
        projection=torch.tensor(PROJECTION).float(),
    )


def td_task() -> TdTask:
    torch.manual_seed(0)
    return TdTask(small_network(), BellmanSettings())


def test_last_steps_take_their_reward_and_others_back_up_within_bounds() -> None:
    task, seen = td_task(), torch.zeros(3, 3, 236, 236)
    assert task.targets(seen, transitions(3, 1.0)).tolist() == [1.0, 1.0, 1.0]
    failed = replace(transitions(3, 1.0), reward=torch.zeros(3))
    assert task.targets(seen, failed).tolist() == [0.0, 0.0, 0.0]
    onward = task.targets(seen, transitions(3, 0.0))
    assert float(onward.min()) >= 0.0
    assert float(onward.max()) <= 0.9 - 0.01


def test_the_bellman_form_is_differentiable_in_the_picture_and_its_targets_are_not() -> None:
    task = td_task()
    seen = torch.rand(2, 3, 236, 236, requires_grad=True)
    task.logits(seen, transitions(2, 0.0)).sum().backward()
    assert seen.grad is not None
    assert float(seen.grad.abs().sum()) > 0.0
    assert not task.targets(seen, transitions(2, 0.0)).requires_grad
    assert task.spread(seen.detach(), transitions(2, 0.0)) >= 0.0


def test_the_bellman_forms_target_networks_travel_with_its_state() -> None:
    task, other = td_task(), td_task()
    with torch.no_grad():
        next(iter(task.network.parameters())).add_(1.0)
    task.after_step()
    other.load_more_state(task.more_state())
    pairs = zip(
        task.target_networks.averaged.parameters(),
        other.target_networks.averaged.parameters(),
        strict=True,
    )
    assert all(torch.equal(a, b) for a, b in pairs)
    online = {id(p) for p in task.network.parameters()}
    assert {id(p) for p in task.parameters()} == online


def test_the_replays_transitions_train_rl_cyclegan(tmp_path: Path) -> None:
    for name in ("sim", "real"):
        write_toy_store(tmp_path / name, 12, first=0 if name == "sim" else 40)
    sources = [ReplayHalves(ReplaySource(tmp_path / name), 59) for name in ("sim", "real")]
    tasks = td_task(), td_task()
    stage = RlCycleGanStage(SMALL, sources[0], sources[1], tasks)
    losses = stage.step(np.random.default_rng(0))
    assert set(losses) == {"generator", "discriminator", "smooth", "cycle", "rl", "scene"}
    assert tasks[0].target_networks.steps == 1


def test_next_states_are_the_next_steps_of_the_same_episode(tmp_path: Path) -> None:
    write_toy_store(tmp_path, 12)
    source = ReplaySource(tmp_path)
    half = ReplayHalves(source, 236).draw(40, np.random.default_rng(1))
    assert half.next_picture is not None
    everything = {k.stored.first: k for k in source.train}
    for row, index in enumerate(half.index.tolist()):
        key = everything[max(first for first in everything if first <= index)]
        steps, i = source.steps(key), index - key.stored.first
        last = i == len(steps) - 1
        assert bool(half.rows.terminal[row]) == last
        assert half.rows.reward[row] == steps["reward"][i]
        after = i if last else i + 1
        assert half.rows.next_tool[row].tolist() == steps["tool"][after].tolist()
        expected = to_signed(source.pictures(key, [after])[0].permute(2, 0, 1))
        assert torch.equal(half.next_picture[row], expected)


def test_an_episode_that_the_step_limit_ended_has_no_next_state(tmp_path: Path) -> None:
    pictures, steps, success = toy_episode(1)
    steps["end"] = End.GOES_ON
    with EpisodeWriter(tmp_path / "actor_0", DESCRIPTION) as log:
        log.append(pictures, steps, 1, success)
    rows = ReplayHalves(ReplaySource(tmp_path), 59).draw(60, np.random.default_rng(0)).rows
    at_end = (rows.tool == torch.tensor(steps["tool"][-1])).all(dim=1)
    at_end &= (rows.state == torch.tensor(steps["state"][-1])).all(dim=1)
    assert at_end.any()
    assert torch.equal(rows.terminal > 0.5, at_end & (rows.command == steps["command"][-1]))


def test_a_replay_without_episodes_says_so(tmp_path: Path) -> None:
    write_toy_store(tmp_path, 1)
    empty = ReplayHalves(ReplaySource(tmp_path / "nothing"), 59)
    with pytest.raises(DataError, match="no episodes in"):
        empty.draw(2, np.random.default_rng(0))
