# SPDX-License-Identifier: Apache-2.0
"""How long a row that is not yet trained would take, told by those like it that were."""

from collections.abc import Mapping
from statistics import median

from rlcg_train.adapt.generator_plans import plan
from rlcg_train.adapt.recipes import Recipe, recipe
from rlcg_train.adapt.results import Result


def expected_s(row: Recipe, measured: Mapping[str, Result]) -> float | None:
    """Return the expected time of a row's training [s], None where nothing like it was measured.

    ``measured``: results by row. Its generator takes the median of those of the same method, by
    the steps it shall take; its policy that of policies which see labelled episodes or do not.
    """
    generator_s = _generator_s(row, measured)
    policies = [
        one.train_s - one.generator_s
        for name, one in measured.items()
        if (recipe(name).amount is None) == (row.amount is None)
    ]
    if generator_s is None or not policies:
        return None
    return generator_s + median(policies)


def _generator_s(row: Recipe, measured: Mapping[str, Result]) -> float | None:
    if not row.generator:
        return 0.0
    wanted = plan(row.generator)
    found = {}
    for name, one in measured.items():
        made = recipe(name).generator
        if made and plan(made).method == wanted.method:
            # Rows may share a generator: it counts once.
            found[made] = one.generator_s / plan(made).times
    return wanted.times * median(found.values()) if found else None
