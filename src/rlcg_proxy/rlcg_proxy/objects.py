# SPDX-License-Identifier: Apache-2.0
"""The objects of `real_proxy`: bars, angles, tees, cans and bottles, unlike the simulator's.

Those of `proxy_train` lie in the bin while episodes are logged, those of `proxy_test` while a
policy is measured; the two come from disjoint streams of random numbers.
"""

import numpy as np
import numpy.typing as npt

from rlcg_sim.objects import ObjectShape, Prism

FloatArray = npt.NDArray[np.float64]

STREAMS = {"train": 31, "test": 32}
SHAPES = 100_000
# Cardboard, wood, metal and rubber: little colour; each channel is varied by a twentieth.
PALETTE = (
    (0.62, 0.52, 0.38),
    (0.50, 0.41, 0.31),
    (0.74, 0.69, 0.60),
    (0.42, 0.42, 0.44),
    (0.58, 0.58, 0.60),
    (0.28, 0.27, 0.26),
)


def draw_train(rng: np.random.Generator, count: int) -> list[ObjectShape]:
    """Draw ``count`` objects to log episodes with."""
    return [make_object("train", int(rng.integers(SHAPES))) for _ in range(count)]


def draw_test(rng: np.random.Generator, count: int) -> list[ObjectShape]:
    """Draw ``count`` objects to measure policies with."""
    return [make_object("test", int(rng.integers(SHAPES))) for _ in range(count)]


def make_object(split: str, number: int) -> ObjectShape:
    """Return the object that ``split`` (train or test) and ``number`` stand for."""
    rng = np.random.default_rng([STREAMS[split], number])
    kind = list(_KINDS)[int(rng.integers(len(_KINDS)))]
    prisms = _KINDS[kind](rng)
    volume_m3 = sum(float(8 * np.prod(prism.half_extents_m)) for prism in prisms)
    mass_kg = float(np.clip(volume_m3 * rng.uniform(300, 700), 0.03, 0.3))
    base = np.array(PALETTE[int(rng.integers(len(PALETTE)))])
    red, green, blue = (float(v) for v in np.clip(base * rng.uniform(0.95, 1.05, 3), 0, 1))
    return ObjectShape(f"{kind}_{split}_{number}", prisms, None, mass_kg, (red, green, blue))


def _box(
    sides_m: tuple[float, float, float], at_m: tuple[float, float, float], yaw_rad: float = 0.0
) -> Prism:
    return Prism(0.5 * np.array(sides_m), np.array(at_m), yaw_rad)


def _bar(rng: np.random.Generator) -> tuple[Prism, ...]:
    length, width, height = rng.uniform(0.07, 0.13), *rng.uniform(0.02, 0.04, 2)
    return (_box((length, width, height), (0, 0, 0)),)


def _angle(rng: np.random.Generator) -> tuple[Prism, ...]:
    first, second = rng.uniform(0.06, 0.10, 2)
    width, height = rng.uniform(0.018, 0.032, 2)
    beam = _box((first, width, height), (0.5 * first - 0.3 * first, 0, 0))
    at_y = 0.5 * (second - width)
    return beam, _box((width, second, height), (-0.3 * first + 0.5 * width, at_y, 0))


def _tee(rng: np.random.Generator) -> tuple[Prism, ...]:
    bar, stem = rng.uniform(0.06, 0.10), rng.uniform(0.04, 0.08)
    width, height = rng.uniform(0.018, 0.034, 2)
    return (
        _box((bar, width, height), (0, -0.3 * stem, 0)),
        _box((width, stem, height), (0, 0.5 * width + 0.2 * stem, 0)),
    )


def _ring_of_boxes(radius: float, height: float, at_z: float) -> list[Prism]:
    """Return three turned boxes whose hull is a prism of twelve sides, as good as a cylinder."""
    side = (2 * radius * np.cos(np.pi / 12), 2 * radius * np.sin(np.pi / 12) * 2.7, height)
    return [_box(side, (0, 0, at_z), k * np.pi / 3) for k in range(3)]


def _can(rng: np.random.Generator) -> tuple[Prism, ...]:
    return tuple(_ring_of_boxes(rng.uniform(0.016, 0.028), rng.uniform(0.05, 0.10), 0.0))


def _bottle(rng: np.random.Generator) -> tuple[Prism, ...]:
    radius, body, neck = rng.uniform(0.018, 0.026), rng.uniform(0.06, 0.08), 0.03
    low = _ring_of_boxes(radius, body, -0.5 * neck)
    return (*low, *_ring_of_boxes(0.45 * radius, neck, 0.5 * body))


_KINDS = {"bar": _bar, "angle": _angle, "tee": _tee, "can": _can, "bottle": _bottle}
