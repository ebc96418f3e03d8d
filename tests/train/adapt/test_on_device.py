# SPDX-License-Identifier: Apache-2.0
"""Stages on another device than the processor: torch's "meta", which has shapes and no numbers.

What a GPU would refuse, tensors of two devices in one operation, it refuses too.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_domains import NETWORK, Domains

from rlcg_train.adapt import photometric
from rlcg_train.adapt.cycle_gan import CycleGanStage, disturbed
from rlcg_train.adapt.frozen import adapted
from rlcg_train.adapt.gan import GanStage
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.grasp_gan import GraspGanStage
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.policy import PolicyStage
from rlcg_train.adapt.policy_settings import Mixing, PolicySettings
from rlcg_train.adapt.rcan import RcanStage
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.routing import backward
from rlcg_train.adapt.stage import Stage
from rlcg_train.adapt.unet import UNet, UNetSettings, folded
from rlcg_train.device import Compute

THERE = Compute(torch.device("meta"))
GAN = GanSettings(59, 16, 16, scales=2, batch=2)
POLICY = PolicySettings(steps=4, batch=8, network=NETWORK, mixing=Mixing.ADVERSARIAL)


STAGES: dict[str, Callable[[GoalHalves, GoalHalves], Stage]] = {
    "gan": lambda sim, real: GanStage(GAN, sim, real),
    "cycle_gan": lambda sim, real: CycleGanStage(GAN, sim, real),
    "grasp_gan": lambda sim, real: GraspGanStage(GAN, sim, real, GoalTask(NETWORK), True),
    "rcan": lambda sim, real: RcanStage(GAN, sim),
    "rl_cycle_gan": lambda sim, real: RlCycleGanStage(
        GAN, sim, real, (GoalTask(NETWORK), GoalTask(NETWORK))
    ),
    "policy": lambda sim, real: PolicyStage(POLICY, sim.data, real.data, compute=THERE),
}


# The policy's optimizer is among what is left out, and its schedule misses it.
@pytest.mark.filterwarnings("ignore:Detected call of")
@pytest.mark.parametrize("name", STAGES)
def test_a_step_keeps_everything_on_its_device(
    domains: Domains, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim, real = (GoalHalves(data.to(THERE.device), THERE) for data in domains)
    stage = STAGES[name](sim, real)

    def descend(losses: dict[str, Tensor]) -> dict[str, float]:
        assert {loss.device for loss in losses.values()} == {THERE.device}
        parameters = {n: list(m.parameters()) for n, m in stage.networks.items()}
        backward(losses, stage.routes, parameters)
        found = [p.grad for of_one in parameters.values() for p in of_one if p.grad is not None]
        assert {gradient.device for gradient in found} == {THERE.device}
        return {}

    # Losses there have no number: what turns them into some is left out.
    monkeypatch.setattr(stage, "descend", descend)
    stage.begin_on(THERE)
    stage.step(np.random.default_rng(0))


@torch.no_grad()
def test_pictures_are_adapted_and_changed_where_they_lie(domains: Domains) -> None:
    generator = folded(UNet(UNetSettings(59, 16))).to(THERE.device)
    data = domains[0].to(THERE.device)
    picture, rows = data.pick(torch.arange(2))
    change = photometric.Change(0.1, 1, 0.1, 1, 0.1)
    made = [adapted(data, generator).pictures, change(picture), disturbed(picture)]
    spread = GoalTask(NETWORK).to(THERE.device).spread(picture, rows)
    assert {tensor.device for tensor in (*made, spread)} == {THERE.device}


@pytest.mark.parametrize("name", ["rl_cycle_gan", "grasp_gan"])
def test_losses_in_bfloat16_are_those_in_float32_but_for_rounding(
    domains: Domains, name: str
) -> None:
    torch.manual_seed(0)
    sim, real = (GoalHalves(data) for data in domains)
    stage = STAGES[name](sim, real)
    torch.nn.init.normal_(stage.networks["G"].heads[0].weight, std=0.05)  # type: ignore[union-attr,index,arg-type]
    x, y = sim.held_out(8), real.held_out(8)
    found = []
    for bf16 in (False, True):
        with stage.resting(), Compute(bf16=bf16).autocast():
            both = isinstance(stage, RlCycleGanStage)
            losses = stage.all_losses(x, y) if both else stage.losses(x, y)  # type: ignore[attr-defined]
        assert {loss.dtype for loss in losses.values()} == {torch.float32}
        found.append({name: float(loss.detach()) for name, loss in losses.items()})
    assert found[1] != found[0]
    assert found[1] == pytest.approx(found[0], rel=0.05, abs=1e-4)


def test_what_leaves_a_network_is_float32(domains: Domains) -> None:
    settings, task = replace(GAN, scales=1), GoalTask(NETWORK)
    picture, rows = domains[0].pick(torch.arange(2))
    with Compute(bf16=True).autocast():
        made = settings.generator(5).all_heads(picture)
        made += settings.generator(5, hands_on=False).all_heads(picture)
        found = [*made, *settings.discriminator()(picture), task.logits(picture, rows)]
    assert {tensor.dtype for tensor in found} == {torch.float32}


def test_what_lies_elsewhere_would_be_found(domains: Domains) -> None:
    stage = GanStage(GAN, *(GoalHalves(data) for data in domains))
    stage.begin_on(THERE)
    with pytest.raises(RuntimeError, match="device"):
        stage.step(np.random.default_rng(0))
