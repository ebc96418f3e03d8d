# SPDX-License-Identifier: Apache-2.0
"""The rows of the table as data: what each method learns from, and what its paper reached.

Numbers of the papers are grasps of their own robots; they stand beside ours to be compared in
order, not in size.
"""

from dataclasses import dataclass, replace

from rlcg_core.errors import ConfigError
from rlcg_train.adapt.gan_settings import Weights
from rlcg_train.adapt.policy_settings import Mixing

GENERATOR_ONLY = "Real episodes train the generator only"
LABELLED = "Labelled real episodes train the policy too"
WEIGHTS = "Weight of the real half (lambda_RL-real)"
FINE_TUNED = "After on-policy episodes"
SCENE = "Weight of the RL-scene loss"
LENGTH = "Length of the generator's training"
SECTIONS = (GENERATOR_ONLY, LABELLED, WEIGHTS, SCENE, LENGTH, FINE_TUNED)


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


METHODS = ("gan", "cycle_gan", "rl_cycle_gan", "grasp_gan", "rcan", "finder")


@dataclass(frozen=True)
class Recipe:
    """One row. ``look``: of the simulated data, empty for none; ``generator``: name of a plan.

    ``amount``: index into the amounts of labelled real episodes, None for none. ``real_weight`` of
    their half of a batch: one by default, as half the batch's worth is theirs (docs/sim-to-real.md
    has why), None for the paper's rule. ``tunes``: the row that it goes on from, with new episodes.
    """

    name: str
    title: str
    section: str
    paper: str
    look: str = "sim"
    generator: str = ""
    amount: int | None = None
    real_weight: float | None = 1.0
    mixing: Mixing = Mixing.SHARED
    with_own: bool = False
    tunes: str = ""


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
    GeneratorPlan("rl_cycle_gan_long", "rl_cycle_gan", times=4),
)


def _by_amount(k: int, papers: tuple[str, str, str]) -> tuple[Recipe, ...]:
    """Return the rows that learn from the ``k``-th amount of labelled real episodes.

    ``papers``: what Real-Only, Sim+Real and RL-CycleGAN reached with as many.
    """
    real_only, mixed, rl_cycle_gan = papers
    rows = (
        Recipe(f"real_only_{k}", "Real-Only", LABELLED, real_only, look=""),
        Recipe(f"sim_and_real_{k}", "Sim+Real", LABELLED, mixed),
        Recipe(
            f"grasp_gan_real_{k}",
            "GraspGAN",
            LABELLED,
            "",
            generator=f"grasp_gan_{k}",
            mixing=Mixing.ADVERSARIAL,
        ),
        Recipe(
            f"rl_cycle_gan_real_{k}",
            "RL-CycleGAN",
            LABELLED,
            rl_cycle_gan,
            generator=f"rl_cycle_gan_{k}" if k < 2 else "rl_cycle_gan",
        ),
    )
    return tuple(replace(row, amount=k) for row in rows)


NONE = ("", "", "")
AT_5000 = ("15%", "12% (robot 2)", "75%")


RECIPES = (
    Recipe("sim_only", "Sim-Only", GENERATOR_ONLY, "21%"),
    Recipe("randomized", "Randomized Sim", GENERATOR_ONLY, "37%", look="randomized_mild"),
    # Early, as who judges the others' generators learns from its pairs.
    Recipe(
        "rcan",
        "RCAN",
        GENERATOR_ONLY,
        "70%",
        look="randomized_heavy",
        generator="rcan",
        with_own=True,
    ),
    Recipe("gan", "GAN", GENERATOR_ONLY, "29%", generator="gan"),
    Recipe("cycle_gan", "CycleGAN", GENERATOR_ONLY, "61%", generator="cycle_gan"),
    Recipe("grasp_gan", "GraspGAN", GENERATOR_ONLY, "63%", generator="grasp_gan"),
    Recipe("rl_cycle_gan", "RL-CycleGAN", GENERATOR_ONLY, "70%", generator="rl_cycle_gan"),
    *_by_amount(0, NONE),
    *_by_amount(1, NONE),
    *_by_amount(2, AT_5000),
    *(
        Recipe(
            f"rl_cycle_gan_weight_{name}",
            f"RL-CycleGAN, {title}",
            WEIGHTS,
            paper,
            generator="rl_cycle_gan",
            amount=2,
            real_weight=weight,
        )
        for name, title, weight, paper in (
            ("rule", "0.1, the paper's rule", None, "72% (robot 2, 3,000 episodes; at 1: 66%)"),
            ("2", "2", 2.0, ""),
        )
    ),
    Recipe(
        "rl_cycle_gan_tuned",
        "RL-CycleGAN",
        FINE_TUNED,
        "90%",
        generator="rl_cycle_gan",
        amount=2,
        tunes="rl_cycle_gan_real_2",
    ),
    Recipe(
        "rcan_tuned",
        "RCAN",
        FINE_TUNED,
        "91%",
        look="randomized_heavy",
        generator="rcan",
        with_own=True,
        tunes="rcan",
    ),
    *(
        Recipe(f"{generator}{name}", f"{title}{more}", section, "", "sim", generator, amount)
        for generator, title, section in (
            ("rl_cycle_gan_scene_1", "RL-CycleGAN, 1", SCENE),
            ("rl_cycle_gan_long", "RL-CycleGAN, four times as long", LENGTH),
        )
        for name, more, amount in (("", "", None), ("_real_2", ", labelled", 2))
    ),
)


def first_of_look(look: str) -> Recipe:
    """Return the row whose attempts the rows of one look share: Sim-Only for ``sim``."""
    return next(one for one in RECIPES if one.look == look)


def recipe(name: str) -> Recipe:
    """Return a row by name; raises `ConfigError`."""
    for one in RECIPES:
        if one.name == name:
            return one
    raise ConfigError(f"row is {name!r}, expected one of {[one.name for one in RECIPES]}")


def plan(name: str) -> GeneratorPlan:
    """Return a generator's plan by name; raises `ConfigError`."""
    for one in GENERATORS:
        if one.name == name:
            return one
    raise ConfigError(f"generator is {name!r}, expected one of {[g.name for g in GENERATORS]}")
