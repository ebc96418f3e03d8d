# SPDX-License-Identifier: Apache-2.0
"""The looks that this package brings. Training may use all of them."""

from rlcg_core.errors import ConfigError
from rlcg_sim.looks.canonical import CanonicalLook
from rlcg_sim.looks.look import Look, PlainLook
from rlcg_sim.looks.randomized import LEVELS, RandomizedLook

LOOKS = ("sim", *(f"randomized_{level}" for level in LEVELS), "canonical")


def make_look(name: str) -> Look:
    """Return one of `LOOKS`; raises `ConfigError` for another name."""
    if name not in LOOKS:
        raise ConfigError(f"world is {name!r}, expected one of {', '.join(LOOKS)}")
    if name.startswith("randomized_"):
        return RandomizedLook(name.removeprefix("randomized_"))
    return CanonicalLook() if name == "canonical" else PlainLook()
