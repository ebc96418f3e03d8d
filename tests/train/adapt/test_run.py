# SPDX-License-Identifier: Apache-2.0
"""A run of a stage goes on exactly where it stopped, tells what it does, and raises its alarm."""

import json
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
import rl_stages
import torch
from adapt_runs import SMALL, Breaks, Draws, settings
from torch import Tensor, nn
from toy_domains import Domains

from rlcg_train.adapt.alarm import AlarmSettings, SceneAlarm
from rlcg_train.adapt.files import load_generator
from rlcg_train.adapt.run import CHECKPOINT, WORK, AdaptRun
from rlcg_train.adapt.stage import MEAN_DECAY, Stage
from rlcg_train.adapt.stopping import until_asked_to_stop
from rlcg_train.device import Compute
from rlcg_train.run_folder import read_state


def weights(stage: Stage) -> list[Tensor]:
    networks = (*stage.networks.values(), *stage.means.values())
    return [v for network in networks for v in network.state_dict().values()]


def metrics(folder: Path) -> list[dict[str, float]]:
    """Return what was noted, but for the time it took."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", WORK)} for line in lines]


@pytest.mark.parametrize("bf16", [False, True], ids=["float32", "bfloat16"])
def test_an_interrupted_run_ends_where_one_that_never_stopped_does(
    domains: Domains, tmp_path: Path, bf16: bool
) -> None:
    whole, compute = rl_stages.stage(domains, SMALL), Compute(bf16=bf16)
    assert AdaptRun(settings(tmp_path / "whole", 5), whole, compute).go() == "finished"
    cut = AdaptRun(settings(tmp_path / "cut", 5), rl_stages.stage(domains, SMALL), compute)
    assert cut.go(lambda: cut.done == 3) == "interrupted"
    assert read_state(tmp_path / "cut").state == "interrupted"
    resumed = rl_stages.stage(domains, SMALL)
    run = AdaptRun(settings(tmp_path / "cut", 5), resumed, compute)
    assert run.done == 3
    assert run.go() == "finished"
    pairs = zip(weights(whole), weights(resumed), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert metrics(tmp_path / "cut") == metrics(tmp_path / "whole")


def test_a_run_leaves_pictures_metrics_arguments_and_a_generator(
    domains: Domains, tmp_path: Path
) -> None:
    AdaptRun(settings(tmp_path, 2), rl_stages.stage(domains, SMALL)).go()
    grid = cv2.imread(str(tmp_path / "pictures" / "000002.png"))
    assert grid is not None
    assert grid.shape[1] == 6 * 59 + 5 * 4
    state = read_state(tmp_path)
    assert (state.kind, state.state, state.done, state.total) == ("rl_cycle_gan", "finished", 2, 2)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert {"generator", "discriminator", "cycle", "rl", "scene", "auc_real_y"} <= set(lines[-1])
    assert 0.0 < lines[-1][WORK] < 60.0
    assert list(tmp_path.glob("events.out.tfevents.*"))
    generator = load_generator(tmp_path / CHECKPOINT, "F")
    assert not any(p.requires_grad for p in generator.parameters())


def test_each_step_draws_numbers_of_its_own_which_follow_from_the_seed(tmp_path: Path) -> None:
    runs = [Draws(), Draws(), Draws()]
    for number, (stage, seed) in enumerate(zip(runs, (1, 1, 2), strict=True)):
        AdaptRun(settings(tmp_path / str(number), 4, seed=seed), stage).go()
    first, again, other = (stage.drawn for stage in runs)
    assert first == again
    assert len({value for stage in (first, other) for pair in stage for value in pair}) == 16


def test_a_signal_ends_a_run_after_its_step_with_a_checkpoint(tmp_path: Path) -> None:
    class Told(Breaks):
        def step(self, rng: np.random.Generator) -> dict[str, float]:
            if self.steps == 1:
                signal.raise_signal(signal.SIGTERM)
            return super().step(rng)

    before = signal.getsignal(signal.SIGTERM)
    run = AdaptRun(settings(tmp_path, 9), Told())
    with until_asked_to_stop() as asked:
        assert run.go(asked) == "interrupted"
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["done"] == 2
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_alarm_tells_a_falling_ranking_from_a_falling_loss() -> None:
    def told(aucs: list[float], scenes: list[float], spread: float = 0.2) -> str:
        alarm = SceneAlarm(AlarmSettings(after=2))
        texts = [
            alarm.text({"auc_real_y": a, "scene": s, "q_spread_real_y": spread})
            for a, s in zip(aucs, scenes, strict=True)
        ]
        return texts[-1]

    assert "auc_real_y fell from 0.90 to 0.60" in told([0.9, 0.6], [0.2, 0.1])
    assert told([0.9, 0.6], [0.1, 0.2]) == ""
    assert told([0.6, 0.9], [0.2, 0.1]) == ""
    assert "says the same" in told([0.9, 0.9], [0.2, 0.1], spread=0.001)


def test_a_uniform_q_is_told_in_the_run_folder(domains: Domains, tmp_path: Path) -> None:
    stage = rl_stages.stage(domains, SMALL)
    for task in (stage.Q_sim, stage.Q_real):
        last = task.network.head[-1]  # type: ignore[attr-defined]
        nn.init.zeros_(last.weight)
    stage.routes = tuple(r for r in stage.routes if r.loss != "rl")
    stage.optimizers.pop("q")
    run = settings(tmp_path, 2, judge_every=1, note_every=1, alarm=AlarmSettings(after=1))
    AdaptRun(run, stage).go()
    assert "q_spread" in read_state(tmp_path).note


def test_what_others_load_is_the_mean_of_a_generators_last_steps(
    domains: Domains, tmp_path: Path
) -> None:
    stage = rl_stages.stage(domains, SMALL)
    before = stage.G.heads[0].weight.detach().clone()
    run = AdaptRun(settings(tmp_path, 1), stage)
    run.go()
    after = stage.G.heads[0].weight.detach()
    loaded = load_generator(tmp_path / CHECKPOINT).heads[0].weight
    assert not torch.equal(before, after)
    torch.testing.assert_close(loaded, MEAN_DECAY * before + (1.0 - MEAN_DECAY) * after)
