# SPDX-License-Identifier: Apache-2.0
"""The objects: prisms joined at random, the random_urdfs of pybullet_data, household shapes.

After GraspGAN (Bousmalis et al. 2018, section V): objects made by attaching rectangular prisms at
random. Training and test objects never meet: procedural shapes come from disjoint seed streams,
and the random_urdfs whose names end in 0 are kept for tests (as in PyBullet's own grasping task).
Household shapes (`rlcg_sim.household`) are robot 2's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import WorldError
from rlcg_sim.household.catalogue import catalogue
from rlcg_sim.household.shapes import Household

FloatArray = npt.NDArray[np.float64]

PROCEDURAL_STREAM = {"train": 1, "test": 2}
PROCEDURAL_SHAPES = 100_000
URDF_COUNT = 1000
# The collision meshes of these, as shipped, are empty: they fall through the floor.
EMPTY_URDFS = (168, 824)
FAMILIES = ("procedural", "random_urdfs", "mixed")
HOUSEHOLD_SETS = ("household_train", "household_test")
OBJECT_SETS = (
    *(f"{family}_{split}" for family in FAMILIES for split in ("train", "test")),
    *HOUSEHOLD_SETS,
)


@dataclass(frozen=True)
class Prism:
    """A box: half extents (3,) [m] at ``centre_m`` (3,), turned by ``yaw_rad`` in the object."""

    half_extents_m: FloatArray
    centre_m: FloatArray
    yaw_rad: float


@dataclass(frozen=True)
class ObjectShape:
    """One object: prisms, or without any the number of a random_urdf or a ``household`` name."""

    name: str
    prisms: tuple[Prism, ...]
    urdf_index: int | None
    mass_kg: float
    colour_rgb: tuple[float, float, float]
    household: str = ""
    friction: float = 1.0


DrawObjects = Callable[[np.random.Generator, int], list[ObjectShape]]
ObjectSets = Mapping[str, DrawObjects]


def _draw_built_in(object_set: str, rng: np.random.Generator, count: int) -> list[ObjectShape]:
    family, split = object_set.rsplit("_", 1)
    return [_draw_one(rng, family, split) for _ in range(count)]


def _draw_household(split: str, rng: np.random.Generator, count: int) -> list[ObjectShape]:
    """Draw different shapes as long as there are any left, each in a colour of its own."""
    shapes = catalogue(split)
    order = np.concatenate([rng.permutation(len(shapes)) for _ in range(-(-count // len(shapes)))])
    return [household_object(shapes[int(i)], _draw_colour(rng)) for i in order[:count]]


def household_object(shape: Household, colour_rgb: tuple[float, float, float]) -> ObjectShape:
    """Return a shape of the catalogue in a colour."""
    return ObjectShape(shape.name, (), None, shape.mass_kg, colour_rgb, shape.name, shape.friction)


# The sets of this package; training may use those named train.
BUILT_IN: ObjectSets = {
    **{n: partial(_draw_built_in, n) for n in OBJECT_SETS if n not in HOUSEHOLD_SETS},
    **{name: partial(_draw_household, name.split("_")[1]) for name in HOUSEHOLD_SETS},
}


def draw_objects(
    rng: np.random.Generator, object_set: str, count: int, sets: ObjectSets = BUILT_IN
) -> list[ObjectShape]:
    """Draw ``count`` objects from one of the ``sets``; raises `WorldError` on another name."""
    if object_set not in sets:
        raise WorldError(f"objects is {object_set!r}, expected one of {', '.join(sets)}")
    return sets[object_set](rng, count)


def _draw_one(rng: np.random.Generator, family: str, split: str) -> ObjectShape:
    if family == "mixed":
        family = "procedural" if rng.random() < 0.5 else "random_urdfs"
    colour = _draw_colour(rng)
    if family == "random_urdfs":
        return urdf_object(_draw_urdf_index(rng, split), colour)
    return procedural_object(split, int(rng.integers(PROCEDURAL_SHAPES)), colour)


def _draw_urdf_index(rng: np.random.Generator, split: str) -> int:
    tens = int(rng.integers(URDF_COUNT // 10)) * 10
    if split == "test":
        return tens
    index = tens + int(rng.integers(1, 10))
    return index + 1 if index in EMPTY_URDFS else index


def _draw_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    r, g, b = rng.uniform(0.05, 1.0, size=3)
    return float(r), float(g), float(b)


def urdf_object(index: int, colour_rgb: tuple[float, float, float]) -> ObjectShape:
    """Return the random_urdf of that number (0..999)."""
    return ObjectShape(f"random_urdf_{index:03d}", (), index, 0.1, colour_rgb)


def procedural_object(
    split: str, shape_seed: int, colour_rgb: tuple[float, float, float]
) -> ObjectShape:
    """Return the procedural object that ``split`` and ``shape_seed`` stand for, always the same."""
    rng = np.random.default_rng([PROCEDURAL_STREAM[split], shape_seed])
    body = _draw_body(rng)
    prisms = [body]
    for _ in range(int(rng.integers(0, 3))):
        prisms.append(_attach(rng, body))
    volume_m3 = sum(float(8 * np.prod(prism.half_extents_m)) for prism in prisms)
    mass_kg = float(np.clip(volume_m3 * rng.uniform(400, 900), 0.03, 0.3))
    centred = _centre(prisms)
    return ObjectShape(f"prisms_{split}_{shape_seed}", centred, None, mass_kg, colour_rgb)


def _draw_body(rng: np.random.Generator) -> Prism:
    size_m = [rng.uniform(0.02, 0.05), rng.uniform(0.02, 0.045), rng.uniform(0.05, 0.11)]
    return Prism(0.5 * rng.permutation(np.array(size_m)), np.zeros(3), 0.0)


def _attach(rng: np.random.Generator, body: Prism) -> Prism:
    half = 0.5 * np.array([rng.uniform(0.018, 0.045) for _ in range(3)])
    half[int(rng.integers(3))] *= rng.uniform(1.0, 1.8)
    axis = int(rng.integers(3))
    centre = rng.uniform(-1, 1, size=3) * body.half_extents_m
    sign = 1.0 if rng.random() < 0.5 else -1.0
    # The attached prism sinks a quarter of its depth into the body, so that the two are joined.
    centre[axis] = sign * (body.half_extents_m[axis] + 0.5 * half[axis])
    return Prism(half, centre, float(rng.uniform(0, np.pi / 2)))


def _centre(prisms: list[Prism]) -> tuple[Prism, ...]:
    volumes = np.array([np.prod(prism.half_extents_m) for prism in prisms])
    middle = np.average([prism.centre_m for prism in prisms], axis=0, weights=volumes)
    return tuple(Prism(p.half_extents_m, p.centre_m - middle, p.yaw_rad) for p in prisms)
