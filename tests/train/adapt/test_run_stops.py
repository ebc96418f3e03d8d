# SPDX-License-Identifier: Apache-2.0
"""A run of a stage stops when it must, says why and keeps its last checkpoint."""

import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from adapt_runs import SMALL, Breaks, Draws, settings
from toy_domains import Domains

from rlcg_core.errors import DataError
from rlcg_train.adapt.cycle_gan import CycleGanStage
from rlcg_train.adapt.domain import DomainData
from rlcg_train.adapt.files import load_generator, write_whole
from rlcg_train.adapt.gan import GanStage
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.run import CHECKPOINT, AdaptRun
from rlcg_train.run_folder import read_state


@pytest.mark.parametrize("in_gradient", [False, True], ids=["loss", "gradient"])
def test_what_is_no_number_stops_the_run_before_anything_moves(
    tmp_path: Path, in_gradient: bool
) -> None:
    stage = Breaks(in_gradient)
    run = AdaptRun(settings(tmp_path, 5, save_every_s=0.0), stage)
    assert run.go() == "diverged"
    state = read_state(tmp_path)
    assert state.state == "diverged"
    found = "gradient of net" if in_gradient else "loss"
    assert f"found {{'{found}': nan}}" in state.note
    kept = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert kept["done"] == 2
    assert torch.equal(kept["networks"]["net"]["weight"], stage.net.weight.detach())


def test_two_trainers_cannot_have_one_folder(tmp_path: Path) -> None:
    first = AdaptRun(settings(tmp_path, 2), Breaks())
    with pytest.raises(DataError, match="belongs to a trainer"):
        AdaptRun(settings(tmp_path, 2), Breaks())
    first.folder.close()


def test_a_full_disk_ends_the_run_with_the_last_checkpoint_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = AdaptRun(settings(tmp_path, 2), Breaks())

    def full(path: Path, state: dict[str, Any]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rlcg_train.adapt.run.write_whole", full)
    with pytest.raises(DataError, match="No space left"):
        run.go()
    assert read_state(tmp_path).state == "interrupted"


def test_a_disk_that_takes_nothing_more_keeps_the_checkpoint_and_frees_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = AdaptRun(settings(tmp_path, 4, note_every=1, save_every_s=0.0), Draws())

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
    again = AdaptRun(settings(tmp_path, 2), Draws())
    assert again.done == 2
    again.folder.close()


def test_a_broken_checkpoint_is_named_and_the_folder_let_go(tmp_path: Path) -> None:
    AdaptRun(settings(tmp_path, 1), Draws()).go()
    whole = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"checkpoint.pt cannot be gone on from") as kept:
        AdaptRun(settings(tmp_path, 2), Draws())
    assert kept.tb, "which holds the run that failed"
    (tmp_path / CHECKPOINT).write_bytes(whole)
    assert AdaptRun(settings(tmp_path, 2), Draws()).go() == "finished"


def test_a_checkpoint_that_does_not_fit_is_an_error_of_the_disk(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_whole(tmp_path / "a.pt", {"a": torch.zeros(100)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "a.pt").exists()


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
    other["means"]["G"].pop("heads.0.weight")
    write_whole(tmp_path / "other.pt", other)
    with pytest.raises(DataError, match="no generator G"):
        load_generator(tmp_path / "other.pt")
