# SPDX-License-Identifier: Apache-2.0
"""The shapes of robot 2 by number: 51 to train with, after Rao et al. 2020, others to test with.

The paper names kinds and counts: 8 bottles, 18 coffee cups, 3 utensils, 6 cans, 15 mugs, 1 wine
glass. Measures are ours, within what kitchens hold and the jaw can reach. The test set has other
outlines (waisted bottles, flared cups, barrel mugs), so that it is not the same shapes again at
other sizes. Wherever a number is drawn, it comes from the shape's own seed.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from rlcg_sim.household import shapes
from rlcg_sim.household.mesh import Mesh
from rlcg_sim.household.shapes import Household, household

COUNTS = {
    "train": {"bottle": 8, "cup": 18, "utensil": 3, "can": 6, "mug": 15, "wine_glass": 1},
    "test": {"bottle": 4, "cup": 8, "utensil": 3, "can": 4, "mug": 8, "wine_glass": 1},
}
STREAM = {"train": 21, "test": 22}

# Convex parts, and what is seen.
Pieces = tuple[list[Mesh], list[Mesh]]
Draw = Callable[[np.random.Generator, int, bool], Pieces]


@cache
def catalogue(split: str) -> tuple[Household, ...]:
    """Return all shapes of ``split``, train or test, always the same."""
    found = []
    for family, count in COUNTS[split].items():
        for number in range(count):
            found.append(_make(split, family, number))
    return tuple(found)


def _make(split: str, family: str, number: int) -> Household:
    draw, (light_kg, heavy_kg), (smooth, rough) = _FAMILIES[family]
    rng = np.random.default_rng([STREAM[split], list(_FAMILIES).index(family), number])
    parts, skin = draw(rng, number, split == "test")
    mass_kg, friction = float(rng.uniform(light_kg, heavy_kg)), float(rng.uniform(smooth, rough))
    return household(f"{split}_{family}_{number}", parts, skin, mass_kg, friction)


def _bottle(rng: np.random.Generator, number: int, test: bool) -> Pieces:
    radius, neck = rng.uniform(0.024, 0.034), rng.uniform(0.011, 0.014)
    body, shoulder = rng.uniform(0.08, 0.12), rng.uniform(0.02, 0.04)
    waist = rng.uniform(0.68, 0.82) if test else 1.0
    return shapes.bottle(radius, body, shoulder, neck, rng.uniform(0.015, 0.03), waist)


def _cup(rng: np.random.Generator, number: int, test: bool) -> Pieces:
    """A paper cup widens evenly; a tested one flares above a straight foot."""
    height, top = rng.uniform(0.07, 0.105), rng.uniform(0.034, 0.043)
    foot = top * rng.uniform(0.66, 0.82)
    if not test:
        return shapes.open_vessel([(foot, 0.0), (top, height)])
    knee = rng.uniform(0.35, 0.55) * height
    return shapes.open_vessel([(foot, 0.0), (1.04 * foot, knee), (top, height)])


def _utensil(rng: np.random.Generator, number: int, test: bool) -> Pieces:
    """By number: spoon, spatula, brush; all with handles that a hand closes on."""
    flat = (0.45, 0.25, 0.8)[number % 3]
    head_r, head = (0.022, 0.024, 0.018)[number % 3], (0.05, 0.06, 0.045)[number % 3]
    scale = rng.uniform(1.1, 1.25) if test else rng.uniform(0.9, 1.05)
    handle_r = rng.uniform(0.0085, 0.0105)
    return shapes.utensil(rng.uniform(0.09, 0.12), handle_r, scale * head_r, scale * head, flat)


def _can(rng: np.random.Generator, number: int, test: bool) -> Pieces:
    """Even numbers are closed drinks cans, odd ones open tins; tested ones are waisted."""
    radius, height = rng.uniform(0.026, 0.036), rng.uniform(0.06, 0.105)
    if number % 2:
        lip = radius * (0.93 if test else 1.0)
        return shapes.open_vessel([(radius, 0.0), (lip, height)])
    rim, neck = 0.85 * radius, 0.012
    foot = [(rim, 0.0), (radius, 0.008)]
    if test:
        foot = [(radius, 0.0), (0.9 * radius, 0.4 * height)]
    return shapes.closed([*foot, (radius, height - neck), (rim, height)])


def _mug(rng: np.random.Generator, number: int, test: bool) -> Pieces:
    """Straight or slightly conical; a tested one is a barrel, wide in the middle."""
    height, top = rng.uniform(0.075, 0.1), rng.uniform(0.034, 0.042)
    foot = top * rng.uniform(0.8, 1.0)
    outline = [(foot, 0.0), (top, height)]
    if test:
        outline = [(0.85 * top, 0.0), (1.05 * top, 0.5 * height), (0.9 * top, height)]
    ring = rng.uniform(0.24, 0.34) * height
    return shapes.mug(outline, ring, rng.uniform(0.007, 0.01), rng.uniform(0.01, 0.016))


def _wine_glass(rng: np.random.Generator, number: int, test: bool) -> Pieces:
    belly = rng.uniform(0.03, 0.036)
    bowl = [(0.45 * belly, 0.0), (belly, 0.035), (0.85 * belly, 0.075)]
    if test:
        bowl = [(0.6 * belly, 0.0), (0.8 * belly, 0.03), (belly, 0.06)]
    return shapes.wine_glass(bowl, rng.uniform(0.028, 0.034), 0.005, rng.uniform(0.05, 0.065))


# How each kind is drawn, its mass [kg] and its friction.
_FAMILIES: dict[str, tuple[Draw, tuple[float, float], tuple[float, float]]] = {
    "bottle": (_bottle, (0.03, 0.15), (0.6, 0.9)),
    "cup": (_cup, (0.03, 0.08), (0.7, 1.0)),
    "utensil": (_utensil, (0.04, 0.10), (0.7, 1.0)),
    "can": (_can, (0.03, 0.20), (0.6, 0.9)),
    "mug": (_mug, (0.12, 0.30), (0.6, 0.9)),
    "wine_glass": (_wine_glass, (0.08, 0.15), (0.6, 0.8)),
}
