# SPDX-License-Identifier: Apache-2.0
"""How a bottle, a cup, a mug, a can, a wine glass, a utensil is made of convex parts.

What is hollow is hollow: its wall is a ring of wedges, so that a jaw closes on the rim with one
finger inside. Bottles and drinks cans are closed, with a cap or a lid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rlcg_sim.household import mesh
from rlcg_sim.household.mesh import Mesh

FloatArray = npt.NDArray[np.float64]
Outline = Sequence[tuple[float, float]]

# What a finger cannot bend is thicker than the real wall: thin parts let a solver slip through.
WALL_M = 0.004


@dataclass(frozen=True)
class Household:
    """One shape, its origin in the centre of mass.

    ``parts``: convex, for collisions; ``skin``: what is seen.
    """

    name: str
    family: str
    parts: tuple[Mesh, ...]
    skin: Mesh
    mass_kg: float
    friction: float

    @property
    def size_m(self) -> FloatArray:
        """Return the extents (3,) along x, y, z [m]."""
        return np.asarray(np.ptp(self.skin.vertices_m, axis=0))


def household(
    name: str, parts: Sequence[Mesh], skin: Sequence[Mesh], mass_kg: float, friction: float
) -> Household:
    """Return the shape with its centre of mass, at equal density, moved to the origin."""
    volumes, centres = zip(*(part.volume_and_centre() for part in parts), strict=True)
    middle = np.average(centres, axis=0, weights=volumes)
    family = name.rsplit("_", 1)[0]
    placed = tuple(part.moved(-middle) for part in parts)
    return Household(name, family, placed, mesh.joined(skin).moved(-middle), mass_kg, friction)


def closed(outline_m: Outline) -> tuple[list[Mesh], list[Mesh]]:
    """Return parts and skin of a solid of revolution of (radius, height) from low to high."""
    parts = [mesh.frustum(a, b) for a, b in pairwise(outline_m)]
    contour = [(0.0, outline_m[0][1]), *outline_m, (0.0, outline_m[-1][1])]
    return parts, [mesh.lathe(contour)]


def open_vessel(outline_m: Outline, wall_m: float = WALL_M) -> tuple[list[Mesh], list[Mesh]]:
    """Return parts and skin of a vessel open above, its outside from low to high."""
    (foot_r, foot_z), inside = outline_m[0], [(r - wall_m, z) for r, z in outline_m]
    floor = (inside[0][0], foot_z + wall_m)
    parts = [mesh.frustum((floor[0], foot_z), floor), *mesh.wall(outline_m, wall_m)]
    contour = [(0.0, foot_z), (foot_r, foot_z), *outline_m[1:], *inside[:0:-1], floor]
    return parts, [mesh.lathe([*contour, (0.0, floor[1])])]


def bottle(
    radius_m: float, body_m: float, shoulder_m: float, neck_r_m: float, neck_m: float, waist: float
) -> tuple[list[Mesh], list[Mesh]]:
    """Return a capped bottle; ``waist``: the body's narrowest radius as a share of the widest."""
    top = body_m + shoulder_m
    body: list[tuple[float, float]] = [(radius_m, 0.0), (radius_m, body_m)]
    if waist < 1.0:
        body.insert(1, (waist * radius_m, 0.55 * body_m))
    return closed([*body, (neck_r_m, top), (neck_r_m, top + neck_m)])


def mug(
    outline_m: Outline, handle_r_m: float, handle_thick_m: float, handle_wide_m: float
) -> tuple[list[Mesh], list[Mesh]]:
    """Return a vessel with a handle at half its height."""
    parts, skin = open_vessel(outline_m)
    middle_z = 0.5 * (outline_m[0][1] + outline_m[-1][1])
    heights = [z for _, z in outline_m]
    side_m = float(np.interp(middle_z, heights, [r for r, _ in outline_m])) - 0.5 * WALL_M
    handle = mesh.arc((side_m, middle_z), handle_r_m, handle_thick_m, handle_wide_m)
    return [*parts, *handle], [*skin, *handle]


def wine_glass(
    bowl_m: Outline, foot_r_m: float, stem_r_m: float, stem_m: float
) -> tuple[list[Mesh], list[Mesh]]:
    """Return a foot, a stem and a bowl open above; ``bowl_m`` counts heights from its own foot."""
    foot = mesh.frustum((foot_r_m, 0.0), (foot_r_m, 0.005))
    stem = mesh.frustum((stem_r_m, 0.005), (stem_r_m, stem_m))
    raised = [(r, z + stem_m) for r, z in bowl_m]
    parts, skin = open_vessel(raised, 0.003)
    return [foot, stem, *parts], [foot, stem, *skin]


def utensil(
    handle_m: float, handle_r_m: float, head_r_m: float, head_m: float, flat: float
) -> tuple[list[Mesh], list[Mesh]]:
    """Return a round handle along z with a head; ``flat``: the head's thickness by its width."""
    handle = mesh.frustum((handle_r_m, 0.0), (0.8 * handle_r_m, handle_m), 8)
    outline = [(0.5 * head_r_m, 0.0), (head_r_m, 0.4 * head_m), (0.7 * head_r_m, head_m)]
    low = handle_m - 0.1 * head_m
    pieces, skin = closed(outline)
    head = [piece.stretched((1.0, flat, 1.0)).moved((0.0, 0.0, low)) for piece in pieces]
    seen = [one.stretched((1.0, flat, 1.0)).moved((0.0, 0.0, low)) for one in skin]
    return [handle, *head], [handle, *seen]
