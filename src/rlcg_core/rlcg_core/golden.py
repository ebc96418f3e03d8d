# SPDX-License-Identifier: Apache-2.0
"""Golden vectors: inputs that anyone can rebuild from a few numbers, and the outputs they gave.

They are replayed when a model is loaded, so that another build of the runtime, a broken
accelerator or a swapped file shows before the arm moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.errors import BundleError, ConfigError

ImageArray = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class GoldenCase:
    """One call of the graph. ``expected`` maps each output to its numbers, flattened.

    The image is `pattern_image(image_seed)`, the noise `pattern_noise(noise_seed, shape)`; all
    other inputs stand in ``inputs``, flattened in C order.
    """

    image_seed: int
    noise_seed: int
    inputs: dict[str, tuple[float, ...]]
    expected: dict[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        check_seed("image_seed", self.image_seed)
        check_seed("noise_seed", self.noise_seed)


@dataclass(frozen=True)
class Golden:
    """All of ``golden.json``; ``tolerance`` is absolute, in the unit of each output."""

    tolerance: dict[str, float]
    cases: tuple[GoldenCase, ...]


def check_seed(name: str, seed: int) -> None:
    """Raise `ConfigError` for a number that MT19937 does not take."""
    if not 0 <= seed < 2**32:
        raise ConfigError(f"{name} is {seed!r:.40}, expected within 0 to 2^32 - 1")


def pattern_image(seed: int) -> ImageArray:
    """Return a uint8 RGB image (512, 640, 3) of coloured rectangles, made by integer arithmetic.

    Background 90 + 10 * channel; then 24 rectangles whose numbers come in turn (top, left,
    height, width, three colours) from the generator x <- (1103515245 x + 12345) mod 2^31, of
    which bits 16 and up are used.
    """
    image = np.empty((spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, spec.IMAGE_CHANNELS), np.uint8)
    image[...] = (90, 100, 110)
    state = seed
    for _ in range(24):
        numbers = []
        for span in (spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, 96, 96, 256, 256, 256):
            state = (1103515245 * state + 12345) % 2**31
            numbers.append((state >> 16) % span)
        top, left, height, width, *colour = numbers
        image[top : top + height + 8, left : left + width + 8] = colour
    return image


def pattern_noise(seed: int, shape: tuple[int, ...]) -> Float32Array:
    """Return standard normal float32 noise from MT19937, whose stream numpy keeps for ever."""
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def compare(golden: Golden, case: int, outputs: Mapping[str, npt.ArrayLike]) -> None:
    """Raise `BundleError` if an output of a case is further than its tolerance from the record."""
    for name, numbers in golden.cases[case].expected.items():
        found = np.asarray(outputs[name], dtype=np.float64).ravel()
        expected = np.array(numbers)
        tolerance = golden.tolerance[name]
        if found.shape != expected.shape or not np.all(np.abs(found - expected) <= tolerance):
            raise BundleError(
                f"golden case {case}: output {name} is {found.round(4).tolist()}, expected "
                f"{expected.round(4).tolist()} within {tolerance:g}: the model or the runtime "
                "does not compute what was tested; do not use it on this machine"
            )
