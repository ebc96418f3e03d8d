# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_network import SMALL

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import DataError
from rlcg_train import checkpoints
from rlcg_train.dataset import Dataset
from rlcg_train.distil import Distillation, DistilSettings, random_samples
from rlcg_train.network import HALF_PX, GraspNetwork, NetworkSettings
from rlcg_train.profiles import ACTION, GOAL

FRAMES = 12


@pytest.fixture(scope="module")
def data() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (FRAMES * HALF_PX**2, 3), generator=generator)
    return Dataset(
        pixels=pixels.to(torch.uint8),
        tool_pose=torch.tensor([0.57, 0.0, 0.2, 0.0]).repeat(FRAMES, 1),
        grasp_pose=torch.zeros(FRAMES, 3),
        success=torch.zeros(FRAMES),
        projection=torch.tensor(ROBOT1.camera.projection_base_to_px(), dtype=torch.float32),
        train=np.arange(FRAMES),
        held_out=np.zeros(0, np.int64),
    )


@pytest.fixture
def settings(tmp_path: Path) -> DistilSettings:
    torch.manual_seed(2)
    layout = NetworkSettings(widths=(4, 4, 4), hidden=8)
    teacher = tmp_path / "teacher/checkpoint.pt"
    checkpoints.save(teacher, GOAL, GraspNetwork(layout), layout.as_dict())
    return DistilSettings(teacher, (), tmp_path / "out", steps=8, threads=1, network=SMALL)


@pytest.mark.slow
def test_the_loss_falls(data: Dataset, settings: DistilSettings) -> None:
    losses = Distillation(replace(settings, steps=30, learning_rate=1e-2), data).run()
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


@pytest.mark.slow
def test_a_run_that_is_cut_off_goes_on_exactly(
    data: Dataset, settings: DistilSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlcg_train.distil.SAVE_EVERY", 4)
    whole = Distillation(settings, data)
    whole.run()
    cut = Distillation(replace(settings, out=tmp_path / "cut"), data)
    step = cut._one_step

    def stop_in_the_sixth_step() -> float:
        if cut.state.done == 5:
            raise KeyboardInterrupt
        return step()

    cut._one_step = stop_in_the_sixth_step  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        cut.run()
    resumed = Distillation(replace(settings, out=tmp_path / "cut"), data)
    assert len(resumed.run()) == 4
    for name, weight in whole.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[name], weight, atol=0, rtol=0)
    assert checkpoints.load(tmp_path / "cut/checkpoint.pt")[0] is ACTION


def test_a_command_is_worth_nothing_and_going_down_more_than_going_up(
    data: Dataset, settings: DistilSettings
) -> None:
    samples = torch.zeros(3, 7)
    samples[0, 2], samples[1, 2], samples[2, 4] = 0.06, -0.06, 0.9
    up, down, closing = Distillation(settings, data)._opinion(torch.zeros(3).long(), samples)
    assert 2 * up == pytest.approx(down)
    assert closing == 0.0


def test_only_a_grasp_success_network_can_teach(
    data: Dataset, settings: DistilSettings, small_checkpoint: Path
) -> None:
    with pytest.raises(DataError, match="is of profile action, expected goal"):
        Distillation(replace(settings, teacher=small_checkpoint), data)


def test_samples_lie_within_the_bounds_of_the_search() -> None:
    samples, cem = random_samples(500).numpy(), ACTION.cem()
    assert np.all(samples >= cem.low - 1e-6)
    assert np.all(samples <= cem.high + 1e-6)
    commands = (samples[:, 4:] > 0.5).any(axis=1).mean()
    assert 0.1 < commands < 0.35
