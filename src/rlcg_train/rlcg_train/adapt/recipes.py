# SPDX-License-Identifier: Apache-2.0
"""The rows of the table as data: what each method learns from, and what its paper reached.

Numbers of the papers are grasps of their own robots; they stand beside ours to be compared in
order, not in size.
"""

from dataclasses import dataclass, replace

from rlcg_core.errors import ConfigError
from rlcg_train.adapt.policy_settings import Mixing

GENERATOR_ONLY = "Real episodes train the generator only"
LABELLED = "Labelled real episodes train the policy too"
WEIGHTS = "Weight of the real half (lambda_RL-real)"
FINE_TUNED = "After on-policy episodes"
SCENE = "Weight of the RL-scene loss"
LENGTH = "Generators that learn four times as long"
SECTIONS = (GENERATOR_ONLY, LABELLED, WEIGHTS, SCENE, LENGTH, FINE_TUNED)


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


ROWS = (
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
        Recipe(name, title, SCENE, "", generator="rl_cycle_gan_scene_1", amount=amount)
        for name, title, amount in (
            ("rl_cycle_gan_scene_1", "RL-CycleGAN, 1", None),
            ("rl_cycle_gan_scene_1_real_2", "RL-CycleGAN, 1, labelled", 2),
        )
    ),
)


def longer(name: str) -> str:
    """Return the name of a row, or of a generator, with more steps of the generator."""
    return f"{name}_long"


def _longer(row: Recipe) -> Recipe:
    title = f"{row.title}, labelled" if row.amount is not None else row.title
    return replace(
        row,
        name=longer(row.name),
        title=title,
        section=LENGTH,
        generator=longer(row.generator),
    )


RECIPES = (
    *ROWS,
    *(_longer(row) for row in ROWS if row.section == GENERATOR_ONLY and row.generator),
    *(_longer(row) for row in ROWS if row.name == "rl_cycle_gan_real_2"),
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
