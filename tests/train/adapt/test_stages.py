# SPDX-License-Identifier: Apache-2.0
"""GraspGAN, RCAN and the data that they need; QT-Opt's form of the task."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_domains import PROJECTION, real_episode, write_real, write_sim
from toy_grasps import DESCRIPTION, small_network, toy_episode, write_toy_store

from rlcg_core.errors import DataError
from rlcg_sim.looks.stage import Part
from rlcg_train import logged
from rlcg_train.adapt import domain_files
from rlcg_train.adapt.agreement import agreement
from rlcg_train.adapt.domain import DomainData
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.grasp_gan import GraspGanStage
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.ranges import to_signed
from rlcg_train.adapt.rcan import RcanStage
from rlcg_train.adapt.replay_halves import ReplayHalves
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.td_task import BellmanSettings, TdTask, Transitions
from rlcg_train.adapt.unet import UNet, UNetSettings
from rlcg_train.from_logs import make_shards
from rlcg_train.network import NetworkSettings
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.log_format import End
from rlcg_train.qt_opt.replay import ReplaySource
from rlcg_train.shards import write_shard

SMALL = GanSettings(59, 16, 16, scales=2, batch=2, learning_rate=1e-3)
NETWORK = NetworkSettings(widths=(4, 8, 8), hidden=16, picture_px=59)
Domains = tuple[DomainData, DomainData]


def grasp_gan(domains: Domains, labelled: bool = True) -> GraspGanStage:
    torch.manual_seed(2)
    sim, real = (GoalHalves(data) for data in domains)
    return GraspGanStage(SMALL, sim, real, GoalTask(NETWORK), labelled)


@pytest.mark.parametrize(
    ("loss", "moved"),
    [
        ("generator", {"G"}),
        ("pairwise", {"G"}),
        ("mask", {"G"}),
        ("features", {"G"}),
        ("task", {"G", "C"}),
        ("real_task", {"C"}),
        ("discriminator", {"D_Y"}),
    ],
)
def test_graspgans_losses_move_their_networks(domains: Domains, loss: str, moved: set[str]) -> None:
    stage = grasp_gan(domains)
    stage.routes = tuple(route for route in stage.routes if route.loss == loss)
    before = {n: [p.clone() for p in m.parameters()] for n, m in stage.networks.items()}
    stage.step(np.random.default_rng(0))
    found = {
        name
        for name, network in stage.networks.items()
        if any(
            not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True)
        )
    }
    assert found == moved


def test_unlabelled_real_grasps_do_not_reach_graspgans_task(domains: Domains) -> None:
    assert "real_task" not in grasp_gan(domains, labelled=False).step(np.random.default_rng(0))


def test_graspgan_without_masks_says_how_to_get_them(domains: Domains) -> None:
    with pytest.raises(DataError, match="rlcg-train pairs"):
        GraspGanStage(SMALL, *(GoalHalves(d) for d in reversed(domains)), GoalTask(NETWORK), False)


def test_rcan_learns_mask_depth_and_picture_from_pairs(tmp_path: Path) -> None:
    write_sim(tmp_path, 24, look="real")
    data = domain_files.load([tmp_path], 59)
    torch.manual_seed(0)
    stage = RcanStage(SMALL, GoalHalves(data))
    rng = np.random.default_rng(0)
    first = stage.step(rng)
    for _ in range(25):
        last = stage.step(rng)
    assert set(last) == {"generator", "discriminator", "picture", "mask", "depth"}
    assert last["mask"] < first["mask"]
    assert last["depth"] < first["depth"]
    assert data.truth is not None
    seen, index = to_signed(data.pictures[:4]), torch.arange(4)
    with stage.resting(), torch.no_grad():
        depth = stage.G.all_heads(seen)[2][:, 0]
        expected = float(((depth - data.truth.depth_m[:4]) ** 2).mean())
        assert float(stage.losses(seen, index)["depth"]) == pytest.approx(expected)


def test_pairs_show_one_state_pixel_by_pixel(tmp_path: Path) -> None:
    write_sim(tmp_path, 6, look="real")
    data = domain_files.load([tmp_path], 118)
    assert data.truth is not None
    objects = data.truth.mask == Part.OBJECT
    for picture, bright in ((data.pictures, False), (data.truth.canonical, True)):
        grey = picture.float().mean(dim=1)
        inside, outside = grey[objects].mean(), grey[~objects].mean()
        assert (inside > outside + 50) == bright
        assert abs(float(inside - outside)) > 50
    assert torch.equal(data.truth.depth_m < 0.95, objects)
    seen = data.truth.canonical.float().mean(dim=1) > 140
    assert float((seen & objects).sum() / (seen | objects).sum()) > 0.93


def test_agreement_falls_when_a_generator_moves_things(domains: Domains) -> None:
    sim = domains[0]

    class Finder(UNet):
        """Finds bright discs without having learned it."""

        def all_heads(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
            bright = picture.mean(dim=1, keepdim=True)
            logits = torch.full((len(picture), 5, *picture.shape[-2:]), -9.0)
            logits[:, int(Part.OBJECT)] = bright[:, 0]
            logits[:, int(Part.TRAY)] = 0.0
            return picture, logits

    class Moves(UNet):
        shift = 0

        def forward(self, picture: torch.Tensor) -> torch.Tensor:
            return picture.roll(self.shift, dims=3)

    finder, moves = Finder(UNetSettings(59, 16)), Moves(UNetSettings(59, 16))
    kept = agreement(moves, finder, sim)["objects"]
    assert kept.in_made == kept.in_x > 0.7
    moves.shift = 6
    assert agreement(moves, finder, sim)["objects"].in_made < 0.3


def test_only_the_first_episodes_are_read_when_few_are_asked_for(toy_folder: Path) -> None:
    few = domain_files.load([toy_folder / "real" / "shards"], 59, episodes=7)
    everything = domain_files.load([toy_folder / "real" / "shards"], 59)
    assert (few.episodes, everything.episodes) == (7, 40)
    assert torch.equal(few.pictures, everything.pictures[: len(few.pictures)])


def test_a_broken_shard_is_left_out_counted_and_named(toy_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_folder / "sim", tmp_path / "sim")
    (tmp_path / "sim" / "00001.npz").write_bytes(b"no zip")
    found = domain_files.load([tmp_path / "sim"], 59)
    assert list(found.left_out) == ["00001.npz"]
    (tmp_path / "sim" / "00000.npz").write_bytes(b"no zip")
    with pytest.raises(DataError, match="no usable shard"):
        domain_files.load([tmp_path / "sim"], 59)


def test_a_shard_without_frames_is_passed_over(toy_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_folder / "sim", tmp_path / "sim")
    write_shard(tmp_path / "sim" / "00001.npz", {}, "drawn", PROJECTION)
    assert domain_files.load([tmp_path / "sim"], 59).episodes == 40


def test_broken_and_foreign_episodes_are_left_out_and_named(tmp_path: Path) -> None:
    for seed in range(3):
        logged.write(tmp_path / "log" / f"{seed:05d}", real_episode(seed))
    (tmp_path / "log" / "00000" / "000.jpg").write_bytes(b"no picture")
    described = tmp_path / "log" / "00002" / "episode.json"
    text = described.read_text()
    mark = '"spec_fingerprint": "'
    start = text.index(mark) + len(mark)
    described.write_text(text[:start] + "f00" + text[start + 3 :])
    left_out = make_shards([tmp_path / "log"], tmp_path / "shards")
    assert set(left_out) == {"00000", "00002"}
    assert domain_files.load([tmp_path / "shards"], 59).episodes == 1


def test_pictures_become_smaller_by_means(toy_folder: Path) -> None:
    full = domain_files.load([toy_folder / "sim"], 236).pictures.float()
    small = domain_files.load([toy_folder / "sim"], 118).pictures.float()
    means = full.reshape(*full.shape[:2], 118, 2, 118, 2).mean(dim=(3, 5))
    assert (small - means).abs().max() <= 0.5
    with pytest.raises(DataError, match="divisor of 236"):
        domain_files.load([toy_folder / "sim"], 100)


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
    assert set(losses) == {"generator", "discriminator", "cycle", "rl", "scene"}
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


def test_real_shards_hold_what_the_log_says(tmp_path: Path) -> None:
    assert write_real(tmp_path, 5) == {}
    data = domain_files.load([tmp_path / "shards"], 236)
    episode = real_episode(0)
    assert data.rows.goal[0].tolist() == pytest.approx(
        episode.frames[1].tool_pose[[0, 1, 3]].tolist(), abs=1e-6
    )
    assert to_signed(data.pictures).abs().max() <= 1.0
