# SPDX-License-Identifier: Apache-2.0
"""Runs at toy size: they learn, go on exactly, stop when they must, and share nothing."""

import dataclasses
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_grasps import (
    DESCRIPTION,
    PROJECTION,
    SMALL,
    small_network,
    toy_episode,
    write_toy_store,
)

from rlcg_core.errors import ConfigError, DataError
from rlcg_train import checkpoints, events, run_folder
from rlcg_train.cli import main
from rlcg_train.device import Compute
from rlcg_train.profiles import REACH
from rlcg_train.qt_opt import log_format
from rlcg_train.qt_opt.actors import run_with_actors
from rlcg_train.qt_opt.behaviours import BehaviourSettings
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.collection import CollectionSettings
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.judge import AlarmSettings, CollapseAlarm, Judge
from rlcg_train.qt_opt.learner import Learner
from rlcg_train.qt_opt.log_format import UNKNOWN, End
from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.q_function import Scene
from rlcg_train.qt_opt.replay import ReplaySource
from rlcg_train.qt_opt.run import CHECKPOINT, KEPT, POLICY, Run, RunSettings
from rlcg_train.qt_opt.search import SearchSettings, best_choices
from rlcg_train.qt_opt.settings import LearnSettings, Ramp, StreamSettings
from rlcg_train.qt_opt.target_networks import AverageSettings
from rlcg_train.qt_opt.updater import seen_by
from rlcg_train.qt_opt_network import QtOptSettings
from rlcg_train.run_folder import RunFolder, RunState


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    write_toy_store(folder / "scripted", 60)
    write_toy_store(folder / "on_policy", 20, first=1000)
    return folder


def learn_settings(trace: float = 0.5, episodes: int = 6) -> LearnSettings:
    streams = (
        StreamSettings("scripted", Ramp(1.0, 1.0), Ramp(1.0, trace, 0, 2)),
        StreamSettings("on_policy", Ramp(1.0, 1.0), Ramp(1.0, 1.0)),
    )
    return LearnSettings(
        streams,
        episodes=episodes,
        batch=16,
        passes=1,
        search=SearchSettings(6, 2, 1),
        averages=AverageSettings(0.9, 4, 2),
    )


def settings(store: Path, out: Path, **changes: object) -> RunSettings:
    made = RunSettings(out, store, learn=learn_settings(), network=SMALL, judge_every=2)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def weights(path: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(path / POLICY, weights_only=True)["network"]
    return found


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    for name, weight in one.items():
        torch.testing.assert_close(other[name], weight, atol=0, rtol=0)


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


def test_what_is_left_out_of_a_store_is_counted_and_named_in_status(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(store, tmp_path / "store")
    steps = tmp_path / "store/scripted/actor_0" / log_format.STEPS
    steps.write_bytes(b"\xff" + steps.read_bytes()[1:])
    Run(settings(tmp_path / "store", tmp_path / "run"), total=1).go()
    assert run_folder.read_state(tmp_path / "run").metrics["scripted/skipped"] == 1.0
    assert main(["status", str(tmp_path)]) == 0
    assert "left out scripted/actor_0, episode 0: its steps" in capsys.readouterr().out


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


def test_the_policies_of_before_stay_for_the_last_is_not_always_the_best(
    store: Path, tmp_path: Path
) -> None:
    Run(settings(store, tmp_path, keep_every=2), total=5).go()
    kept = sorted((tmp_path / KEPT).iterdir())
    assert [path.name for path in kept] == ["00000.pt", "00002.pt", "00004.pt"]
    assert [checkpoints.learned_cycles(path) for path in kept] == [0, 2, 4]
    assert not torch.equal(*(checkpoints.load(p)[1].head[1].weight for p in kept[1:]))


def test_status_shows_every_run(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Run(settings(store, tmp_path / "a"), total=2).go()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / run_folder.STATE).write_text("{")
    assert main(["status", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "finished" in lines[-2]
    assert "cycle 2 of 2" in lines[-2]
    assert "cannot be read" in lines[-1]


def test_a_run_that_died_does_not_count_as_running(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, RunState("qt-opt", {}, 1, "none"))
    folder.close()
    assert run_folder.read_state(tmp_path).state == "running"

    os.utime(tmp_path / run_folder.STATE, (0, 0))
    assert run_folder.read_state(tmp_path).state == "dead"


def test_metrics_are_event_files_that_any_reader_takes(tmp_path: Path) -> None:
    assert events.crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C
    # As TensorFlow writes it; its checksums are rotated and shifted.
    assert events.record(b"abc").hex() == "0300000000000000b099490e6162636e57f121"
    writer = events.EventWriter(tmp_path)
    writer.scalars(300, {"loss": 0.5})
    writer.close()
    data, found = writer.path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        body = data[12 : 12 + length]
        assert events.record(body) == data[: length + 16]
        found.append(body)
        data = data[length + 16 :]
    assert b"brain.Event:2" in found[0]
    assert found[1][9:12] == b"\x10\xac\x02"  # field 2, varint 300
    assert found[1].endswith(b"\x0a\x04loss\x15" + struct.pack("<f", 0.5))


def judged(store: Path, constant: bool) -> dict[str, float]:
    torch.manual_seed(1)
    network = small_network()
    if constant:
        torch.nn.init.zeros_(network.head[-1].weight)
    streams = {name: ReplaySource(store / name) for name in ("scripted", "on_policy")}
    return Judge(Learner(learn_settings(), network, streams)).metrics()


def test_a_uniform_q_raises_the_alarm(store: Path) -> None:
    metrics = judged(store, constant=True) | {"loss": 0.1}
    assert metrics["q_spread_actions"] == 0.0
    assert "Q collapses" in CollapseAlarm(AlarmSettings()).text(30, metrics)
    assert CollapseAlarm(AlarmSettings()).text(5, metrics) == ""  # too early to tell


def test_a_ranking_that_falls_while_the_loss_falls_raises_the_alarm() -> None:
    alarm = CollapseAlarm(AlarmSettings())
    fine = {"q_spread_actions": 0.1, "held_out_auc": 0.9, "loss": 0.5}
    assert alarm.text(20, fine) == ""
    assert (
        alarm.text(21, fine | {"held_out_auc": 0.75, "loss": 0.6}) == ""
    )  # both worse: no paradox
    assert "while its loss fell" in alarm.text(22, fine | {"held_out_auc": 0.75, "loss": 0.3})
    assert "ranks held-out" in alarm.text(23, fine | {"held_out_auc": 0.5})


@pytest.mark.parametrize("kind", ["small", "paper"])
def test_every_layer_feeds_the_next(kind: str) -> None:
    torch.manual_seed(0)
    settings = QtOptSettings(scale_px=236, channels=8, context=16, dense=16, late_convolutions=1)
    network = small_network() if kind == "small" else PaperQ(settings)
    pictures, steps, _ = toy_episode(3)
    scene = Scene(
        network.prepare(torch.from_numpy(pictures)),
        torch.tensor(steps["tool"]),
        torch.tensor(steps["state"]),
        torch.tensor(PROJECTION).float(),
    )
    command = torch.tensor(steps["command"].astype(np.int64))
    network.varied_logits(scene, torch.tensor(steps["target"]), command).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().max()) > 0.0, name


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
