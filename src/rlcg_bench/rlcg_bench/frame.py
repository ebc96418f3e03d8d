# SPDX-License-Identifier: Apache-2.0
"""One decision to take, and what was decided: what every variant is given and returns."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.cem import CemResult

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Frame:
    """Inputs of a decision, in the types and shapes of the bundle's graph.

    ``image`` uint8 (512, 640, 3), ``state`` (2,), ``cem_mean0`` and ``cem_std0`` (V,), ``noise``
    (iterations, samples, V).
    """

    image: npt.NDArray[np.uint8]
    state: Float32Array
    cem_mean0: Float32Array
    cem_std0: Float32Array
    noise: Float32Array


@dataclass(frozen=True)
class Answer:
    """The chosen sample (V,) and its Q; both empty for what decides nothing.

    ``rates``: operations per second [10^9/s] by name, of what measures the processor.
    """

    goal: tuple[float, ...] = ()
    q_value: float | None = None
    rates: dict[str, float] | None = None


def answer_of(found: CemResult) -> Answer:
    """Return a search's result; the logit becomes a Q."""
    return Answer(tuple(found.best.tolist()), 1.0 / (1.0 + float(np.exp(-found.logit))))


def picture(image: npt.NDArray[np.uint8]) -> Float32Array:
    """Return the centre crop (1, 3, 472, 472) in [0, 1], contiguous, as numpy converts it."""
    rows = slice(spec.CROP_TOP_PX, spec.CROP_TOP_PX + spec.CROP_PX)
    columns = slice(spec.CROP_LEFT_PX, spec.CROP_LEFT_PX + spec.CROP_PX)
    crop = np.ascontiguousarray(image[rows, columns].transpose(2, 0, 1)[None])
    return crop.astype(np.float32) / np.float32(255.0)


def path(folder: Path, number: int) -> Path:
    """Return the file of a frame."""
    return folder / f"frame_{number:03d}.npz"


def save(folder: Path, number: int, frame: Frame) -> None:
    """Write a frame, one file each, so that a process holds one at a time."""
    np.savez(path(folder, number), **vars(frame))


def load(folder: Path, number: int) -> Frame:
    """Return a frame."""
    with np.load(path(folder, number), allow_pickle=False) as stored:
        return Frame(**{name: stored[name] for name in stored.files})
