# SPDX-License-Identifier: Apache-2.0
"""RL-CycleGAN over the toy domains, at toy size."""

import torch

from rlcg_train.adapt.domain import DomainData, Rows
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.network import NetworkSettings

SMALL = GanSettings(59, divisor=16, discriminator_divisor=16, scales=2, batch=4)
NETWORK = NetworkSettings(widths=(4, 8, 8), hidden=16, picture_px=59)
Domains = tuple[DomainData, DomainData]


def stage(domains: Domains, settings: GanSettings = SMALL) -> RlCycleGanStage[Rows]:
    torch.manual_seed(0)
    tasks = GoalTask(NETWORK), GoalTask(NETWORK)
    sim, real = (GoalHalves(data) for data in domains)
    return RlCycleGanStage(settings, sim, real, tasks, seed=1)
