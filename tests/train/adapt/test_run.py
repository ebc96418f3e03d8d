# SPDX-License-Identifier: Apache-2.0
"""A run of a stage: it goes on exactly, stops when it must, and says why."""

import json
import resource
import signal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rlcg_core.errors import DataError
from rlcg_train.adapt.alarm import AlarmSettings, SceneAlarm
from rlcg_train.adapt.cycle_gan import CycleGanStage
from rlcg_train.adapt.domain import DomainData, Rows
from rlcg_train.adapt.files import load_generator, write_whole
from rlcg_train.adapt.gan import GanStage
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.photometric import PhotometricSettings
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.run import CHECKPOINT, WORK, AdaptRun, RunSettings
from rlcg_train.adapt.stage import Stage
from rlcg_train.adapt.stopping import until_asked_to_stop
from rlcg_train.device import Compute
from rlcg_train.network import NetworkSettings
from rlcg_train.run_folder import read_state

SMALL = GanSettings(
    59, 16, 16, scales=2, batch=2, learning_rate=1e-3, photometric=PhotometricSettings()
)
NETWORK = NetworkSettings(widths=(4, 8, 8), hidden=16, picture_px=59)
Domains = tuple[DomainData, DomainData]


def rl_cycle_gan(domains: Domains) -> RlCycleGanStage[Rows]:
    torch.manual_seed(4)
    sim, real = (GoalHalves(data) for data in domains)
    return RlCycleGanStage(SMALL, sim, real, (GoalTask(NETWORK), GoalTask(NETWORK)))


def settings(out: Path, steps: int, **more: Any) -> RunSettings:
    plain: dict[str, Any] = {"note_every": 2, "judge_every": 4, **more}
    return RunSettings(out, {"what": "test"}, steps, **plain)


def weights(stage: Stage) -> list[Tensor]:
    return [v for network in stage.networks.values() for v in network.state_dict().values()]


def metrics(folder: Path) -> list[dict[str, float]]:
    """Return what was noted, but for the time it took."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", WORK)} for line in lines]


@pytest.mark.parametrize("bf16", [False, True], ids=["float32", "bfloat16"])
def test_an_interrupted_run_ends_where_one_that_never_stopped_does(
    domains: Domains, tmp_path: Path, bf16: bool
) -> None:
    whole, compute = rl_cycle_gan(domains), Compute(bf16=bf16)
    assert AdaptRun(settings(tmp_path / "whole", 5), whole, compute).go() == "finished"
    cut = AdaptRun(settings(tmp_path / "cut", 5), rl_cycle_gan(domains), compute)
    assert cut.go(lambda: cut.done == 3) == "interrupted"
    assert read_state(tmp_path / "cut").state == "interrupted"
    resumed = rl_cycle_gan(domains)
    run = AdaptRun(settings(tmp_path / "cut", 5), resumed, compute)
    assert run.done == 3
    assert run.go() == "finished"
    pairs = zip(weights(whole), weights(resumed), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert metrics(tmp_path / "cut") == metrics(tmp_path / "whole")


def test_a_run_leaves_pictures_metrics_arguments_and_a_generator(
    domains: Domains, tmp_path: Path
) -> None:
    AdaptRun(settings(tmp_path, 2), rl_cycle_gan(domains)).go()
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


class _Breaks(Stage):
    """A stage whose loss, or only the gradient of it, is no number at its third step."""

    kind = "breaks"

    def __init__(self, in_gradient: bool = False) -> None:
        self.in_gradient = in_gradient
        self.net = nn.Linear(1, 1, bias=False)
        nn.init.ones_(self.net.weight)
        self.networks = {"net": self.net}
        self.optimizers = {"net": torch.optim.SGD(self.net.parameters(), 0.1)}
        self.routes = (Route("loss", 1.0, ("net",)),)
        self.steps = 0

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        self.steps += 1
        loss = self.net.weight.sum()
        if self.steps == 3:
            # The root of zero is a number, its slope is none.
            loss = (0.0 * loss).sqrt() if self.in_gradient else float("nan") * loss
        return self.descend({"loss": loss})


@pytest.mark.parametrize("in_gradient", [False, True], ids=["loss", "gradient"])
def test_what_is_no_number_stops_the_run_before_anything_moves(
    tmp_path: Path, in_gradient: bool
) -> None:
    stage = _Breaks(in_gradient)
    run = AdaptRun(settings(tmp_path, 5, save_every_s=0.0), stage)
    assert run.go() == "diverged"
    state = read_state(tmp_path)
    assert state.state == "diverged"
    found = "gradient of net" if in_gradient else "loss"
    assert f"found {{'{found}': nan}}" in state.note
    kept = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert kept["done"] == 2
    assert torch.equal(kept["networks"]["net"]["weight"], stage.net.weight.detach())


class _Draws(_Breaks):
    """Keeps what torch and numpy draw in each step."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[tuple[float, float]] = []

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        self.drawn.append((float(torch.rand(())), float(rng.random())))
        return {"loss": 0.0}


def test_each_step_draws_numbers_of_its_own_which_follow_from_the_seed(tmp_path: Path) -> None:
    runs = [_Draws(), _Draws(), _Draws()]
    for number, (stage, seed) in enumerate(zip(runs, (1, 1, 2), strict=True)):
        AdaptRun(settings(tmp_path / str(number), 4, seed=seed), stage).go()
    first, again, other = (stage.drawn for stage in runs)
    assert first == again
    assert len({value for stage in (first, other) for pair in stage for value in pair}) == 16


def test_a_signal_ends_a_run_after_its_step_with_a_checkpoint(tmp_path: Path) -> None:
    class Told(_Breaks):
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


def test_two_trainers_cannot_have_one_folder(tmp_path: Path) -> None:
    first = AdaptRun(settings(tmp_path, 2), _Breaks())
    with pytest.raises(DataError, match="belongs to a trainer"):
        AdaptRun(settings(tmp_path, 2), _Breaks())
    first.folder.close()


def test_a_full_disk_ends_the_run_with_the_last_checkpoint_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = AdaptRun(settings(tmp_path, 2), _Breaks())

    def full(path: Path, state: dict[str, Any]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rlcg_train.adapt.run.write_whole", full)
    with pytest.raises(DataError, match="No space left"):
        run.go()
    assert read_state(tmp_path).state == "interrupted"


def test_a_disk_that_takes_nothing_more_keeps_the_checkpoint_and_frees_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = AdaptRun(settings(tmp_path, 4, note_every=1, save_every_s=0.0), _Draws())

    def until_two() -> bool:
        if run.done == 2:
            # Files may not grow beyond this: what a full disk says, without filling one.
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
        return False

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(DataError, match="the last checkpoint is kept"):
            run.go(until_two)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["done"] == 2
    assert "cannot write how it ended (interrupted)" in capsys.readouterr().err
    again = AdaptRun(settings(tmp_path, 2), _Draws())
    assert again.done == 2
    again.folder.close()


def test_a_broken_checkpoint_is_named_and_the_folder_let_go(tmp_path: Path) -> None:
    AdaptRun(settings(tmp_path, 1), _Draws()).go()
    whole = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"checkpoint.pt cannot be gone on from") as kept:
        AdaptRun(settings(tmp_path, 2), _Draws())
    assert kept.tb, "which holds the run that failed"
    (tmp_path / CHECKPOINT).write_bytes(whole)
    assert AdaptRun(settings(tmp_path, 2), _Draws()).go() == "finished"


def test_a_checkpoint_that_does_not_fit_is_an_error_of_the_disk(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_whole(tmp_path / "a.pt", {"a": torch.zeros(100)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "a.pt").exists()


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
    stage = rl_cycle_gan(domains)
    for task in (stage.Q_sim, stage.Q_real):
        last = task.network.head[-1]  # type: ignore[attr-defined]
        nn.init.zeros_(last.weight)
    stage.routes = tuple(r for r in stage.routes if r.loss != "rl")
    stage.optimizers.pop("q")
    run = settings(tmp_path, 2, judge_every=1, note_every=1, alarm=AlarmSettings(after=1))
    AdaptRun(run, stage).go()
    assert "q_spread" in read_state(tmp_path).note


def test_too_few_real_episodes_for_a_batch_say_so(domains: Domains, tmp_path: Path) -> None:
    sim, real = domains
    few = DomainData(
        real.pictures, real.rows, real.train[:1], real.held_out, 1, real.left_out, None
    )
    stage = CycleGanStage(SMALL, GoalHalves(sim), GoalHalves(few))
    with pytest.raises(DataError, match="found 1 frames of 1 episodes"):
        AdaptRun(settings(tmp_path, 1), stage).go()


def test_a_checkpoint_without_a_generator_says_so(domains: Domains, tmp_path: Path) -> None:
    AdaptRun(settings(tmp_path, 1), GanStage(SMALL, *(GoalHalves(d) for d in domains))).go()
    with pytest.raises(DataError, match="no generator F"):
        load_generator(tmp_path / CHECKPOINT, "F")
    with pytest.raises(DataError, match="no generator G"):
        load_generator(tmp_path / "nothing.pt")
    other = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    other["networks"]["G"].pop("heads.0.weight")
    write_whole(tmp_path / "other.pt", other)
    with pytest.raises(DataError, match="no generator G"):
        load_generator(tmp_path / "other.pt")
