# SPDX-License-Identifier: Apache-2.0
"""Closed triangle meshes: bodies of revolution, rings of wedges, bars; their volume and centre."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SIDES = 12
# Corners of a hexahedron: 0-3 around its low end, 4-7 above them; outward when low is seen below.
_ENDS = ((0, 2, 1), (0, 3, 2), (4, 5, 6), (4, 6, 7))
_FLANKS = ((0, 1, 5), (0, 5, 4), (1, 2, 6), (1, 6, 5), (2, 3, 7), (2, 7, 6), (3, 0, 4), (3, 4, 7))
_BOX_FACES = np.array([*_ENDS, *_FLANKS])


@dataclass(frozen=True)
class Mesh:
    """``vertices_m`` (n, 3) [m] and ``faces`` (m, 3), outward when seen counterclockwise."""

    vertices_m: FloatArray
    faces: IntArray

    def moved(self, offset_m: Sequence[float] | FloatArray) -> "Mesh":
        """Return it shifted by ``offset_m`` (3,)."""
        return Mesh(self.vertices_m + np.asarray(offset_m), self.faces)

    def stretched(self, factors: Sequence[float]) -> "Mesh":
        """Return it scaled along x, y, z by positive factors."""
        return Mesh(self.vertices_m * np.asarray(factors), self.faces)

    def volume_and_centre(self) -> tuple[float, FloatArray]:
        """Return the enclosed volume [m3] and its centre (3,) [m]."""
        a, b, c = (self.vertices_m[self.faces[:, k]] for k in range(3))
        volumes = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6.0
        volume = float(volumes.sum())
        return volume, (volumes[:, None] * (a + b + c) / 4.0).sum(axis=0) / volume

    def is_closed(self) -> bool:
        """Whether each edge has one face on either side, so that no water comes in."""
        edges = np.concatenate([self.faces[:, [i, (i + 1) % 3]] for i in range(3)])
        counts = Counter(map(tuple, edges.tolist()))
        return all(n == 1 and counts[(b, a)] == 1 for (a, b), n in counts.items())

    def is_convex(self, slack_m: float = 1e-6) -> bool:
        """Whether no vertex lies outside any face."""
        a, b, c = (self.vertices_m[self.faces[:, k]] for k in range(3))
        normals = np.cross(b - a, c - a)
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = normals / np.where(lengths > 1e-12, lengths, 1.0)
        above = np.einsum("fk,fvk->fv", normals, self.vertices_m[None] - a[:, None])
        return bool(above.max() < slack_m)


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Return all of them as one."""
    starts = np.cumsum([0, *(len(mesh.vertices_m) for mesh in meshes)])
    faces = [mesh.faces + start for mesh, start in zip(meshes, starts, strict=False)]
    return Mesh(np.concatenate([m.vertices_m for m in meshes]), np.concatenate(faces))


def lathe(contour_m: Sequence[tuple[float, float]], sides: int = SIDES) -> Mesh:
    """Turn a contour of (radius, height) about z, from the axis below, outside, to the axis above.

    The first and the last point lie on the axis; all others off it.
    """
    rings = np.array(contour_m[1:-1])
    angles = 2 * np.pi * np.arange(sides) / sides
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = [np.column_stack([r * circle, np.full(sides, z)]) for r, z in rings]
    ends = np.array([(0.0, 0.0, contour_m[0][1]), (0.0, 0.0, contour_m[-1][1])])
    faces = [_band(ring * sides, sides) for ring in range(len(rings) - 1)]
    first, last = len(rings) * sides, len(rings) * sides + 1
    near = np.arange(sides)
    after, top = (near + 1) % sides, (len(rings) - 1) * sides
    faces.append(np.column_stack([np.full(sides, first), after, near]))
    faces.append(np.column_stack([np.full(sides, last), top + near, top + after]))
    return Mesh(np.concatenate([*points, ends]), np.concatenate(faces))


def _band(start: int, sides: int) -> IntArray:
    """Return the faces between a ring of vertices and the next one."""
    near = np.arange(sides)
    after = (near + 1) % sides
    low, high = start, start + sides
    return np.concatenate(
        [
            np.column_stack([low + near, low + after, high + after]),
            np.column_stack([low + near, high + after, high + near]),
        ]
    )


def frustum(low: tuple[float, float], high: tuple[float, float], sides: int = SIDES) -> Mesh:
    """Return a solid between two circles of (radius, height)."""
    return lathe([(0.0, low[1]), low, high, (0.0, high[1])], sides)


def hexahedron(corners_m: FloatArray) -> Mesh:
    """Return the solid of eight corners (8, 3), four around the low end, four above them."""
    return Mesh(np.asarray(corners_m, dtype=np.float64), _BOX_FACES)


def wall(
    outer_m: Sequence[tuple[float, float]], thickness_m: float, sides: int = SIDES
) -> list[Mesh]:
    """Return the convex wedges of a hollow wall whose outside is (radius, height) from low to high.

    Wedges touch along flat faces, so that together they are the wall without gaps.
    """
    angles = 2 * np.pi * np.arange(sides + 1) / sides
    wedges = []
    for (r0, z0), (r1, z1) in pairwise(outer_m):
        for a, b in pairwise(angles):
            corners = [
                (r * np.cos(angle), r * np.sin(angle), z)
                for radius, z in ((r0, z0), (r1, z1))
                for r, angle in (
                    (radius - thickness_m, a),
                    (radius, a),
                    (radius, b),
                    (radius - thickness_m, b),
                )
            ]
            wedges.append(hexahedron(np.array(corners)))
    return wedges


def arc(
    centre_m: tuple[float, float], radius_m: float, thick_m: float, wide_m: float, pieces: int = 5
) -> list[Mesh]:
    """Return a half ring in the x-z plane as convex pieces, open towards -x: a mug's handle."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, pieces + 1)
    found = []
    for a, b in pairwise(angles):
        corners = [
            (centre_m[0] + r * np.cos(angle), y, centre_m[1] + r * np.sin(angle))
            for angle in (a, b)
            for r, y in (
                (radius_m - thick_m, -0.5 * wide_m),
                (radius_m, -0.5 * wide_m),
                (radius_m, 0.5 * wide_m),
                (radius_m - thick_m, 0.5 * wide_m),
            )
        ]
        found.append(hexahedron(np.array(corners)))
    return found
