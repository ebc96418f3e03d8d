# SPDX-License-Identifier: Apache-2.0
"""The generators of the table's rows as data."""

from dataclasses import dataclass

from rlcg_core.errors import ConfigError
from rlcg_train.adapt.gan_settings import Weights

RCAN = "rcan"


@dataclass(frozen=True)
class GeneratorPlan:
    """A generator: ``method`` of `METHODS`, and how much of the log it sees (index of amounts).

    ``labelled``: GraspGAN's task network learns from real outcomes too. ``scene``: weight of
    RL-CycleGAN's scene loss, the paper's by default. ``times``: as many steps as the scale has.
    """

    name: str
    method: str
    amount: int = -1
    labelled: bool = False
    scene: float = Weights().scene
    times: int = 1

    @property
    def sees_real(self) -> bool:
        """Return whether it learns from the log, and not from simulation alone."""
        return self.method not in (RCAN, "finder")


METHODS = ("gan", "cycle_gan", "rl_cycle_gan", "grasp_gan", "rcan", "finder")


GENERATORS = (
    GeneratorPlan("gan", "gan"),
    GeneratorPlan("cycle_gan", "cycle_gan"),
    GeneratorPlan("grasp_gan", "grasp_gan"),
    GeneratorPlan("rcan", "rcan"),
    GeneratorPlan("finder", "finder"),
    GeneratorPlan("rl_cycle_gan", "rl_cycle_gan"),
    *(GeneratorPlan(f"grasp_gan_{k}", "grasp_gan", k, labelled=True) for k in range(3)),
    *(GeneratorPlan(f"rl_cycle_gan_{k}", "rl_cycle_gan", k) for k in range(2)),
    GeneratorPlan("rl_cycle_gan_scene_1", "rl_cycle_gan", scene=1.0),
    *(
        GeneratorPlan(f"{name}_long", name, times=4)
        for name in ("gan", "cycle_gan", "grasp_gan", "rcan", "rl_cycle_gan")
    ),
)


def plan(name: str) -> GeneratorPlan:
    """Return a generator's plan by name; raises `ConfigError`."""
    for one in GENERATORS:
        if one.name == name:
            return one
    raise ConfigError(f"generator is {name!r}, expected one of {[g.name for g in GENERATORS]}")
