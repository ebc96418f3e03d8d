# SPDX-License-Identifier: Apache-2.0
"""RL-CycleGAN over the toy domains, at toy size."""

import torch
from toy_domains import NETWORK, Domains

from rlcg_train.adapt.domain import Rows
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage

SMALL = GanSettings(59, divisor=16, discriminator_divisor=16, scales=2, batch=4)


def stage(domains: Domains, settings: GanSettings = SMALL) -> RlCycleGanStage[Rows]:
    torch.manual_seed(0)
    tasks = GoalTask(NETWORK), GoalTask(NETWORK)
    sim, real = (GoalHalves(data) for data in domains)
    return RlCycleGanStage(settings, sim, real, tasks, seed=1)
