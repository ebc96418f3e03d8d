# SPDX-License-Identifier: Apache-2.0
"""The cross-entropy method: the numpy reference of what a model's ONNX graph does inside.

Semantics, which the exported graph mirrors step by step in float32:

1. ``mean, std = mean0, std0``.
2. Per iteration ``i``: ``samples = clip(mean + std * noise[i], low, high)``, shape (samples, n).
3. ``score = logits(samples)``; a score that is not finite counts as minus infinity, so it ranks
   last. Ranking is by logits, never by their sigmoid, which saturates.
4. The elites are the ``elites`` highest scores; of equal scores the lower sample index comes first.
5. ``mean`` is the mean of the elites, ``std`` their standard deviation with ddof=1, not below
   ``std_floor``. Both are computed in every iteration, the last included.
6. The answer is the highest-ranked sample of the last iteration (``best_last``, as in QT-Opt's
   open code) or of all iterations (``best_ever``; of equal scores the earlier iteration wins).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import ConfigError, InputError

FloatArray = npt.NDArray[np.float64]
Answer = Literal["best_last", "best_ever"]


@dataclass(frozen=True)
class Variable:
    """One number that CEM searches; ``low`` and ``high`` are inclusive bounds in ``unit``."""

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True)
class CemSettings:
    """What fixes a CEM run besides its start and its noise.

    ``std_floor`` has one number per variable, in the variable's unit.
    """

    variables: tuple[Variable, ...]
    samples: int
    elites: int
    iterations: int
    std_floor: tuple[float, ...]
    answer: Answer = "best_last"

    def __post_init__(self) -> None:
        if not self.variables or len(self.std_floor) != len(self.variables):
            raise ConfigError(
                f"std_floor has {len(self.std_floor)} numbers for {len(self.variables)} variables, "
                "expected one per variable and at least one variable"
            )
        if not 2 <= self.elites <= self.samples or self.iterations < 1:
            raise ConfigError(
                f"samples {self.samples}, elites {self.elites}, iterations {self.iterations}: "
                "expected 2 <= elites <= samples and iterations >= 1"
            )
        if any(not v.low < v.high for v in self.variables) or min(self.std_floor) < 0.0:
            raise ConfigError("expected low < high for every CEM variable and std_floor >= 0")

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        """Shape of the noise input: (iterations, samples, variables)."""
        return self.iterations, self.samples, len(self.variables)

    @property
    def low(self) -> FloatArray:
        """Lower bounds (n,)."""
        return np.array([variable.low for variable in self.variables])

    @property
    def high(self) -> FloatArray:
        """Upper bounds (n,)."""
        return np.array([variable.high for variable in self.variables])


@dataclass(frozen=True)
class CemResult:
    """``best`` (n,) and its ``logit``; ``mean`` and ``std`` (n,) of the last fit."""

    best: FloatArray
    logit: float
    mean: FloatArray
    std: FloatArray


@dataclass(frozen=True)
class ScoredSamples:
    """All that a search drew: ``samples`` (iterations, samples, n), ``logits`` without the n.

    ``result``: what the search made of them.
    """

    samples: FloatArray
    logits: FloatArray
    result: CemResult

    @property
    def q_values(self) -> FloatArray:
        """Return the sigmoid of the logits, in [0, 1]."""
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * self.logits)), np.float64)


def search(
    logits: Callable[[FloatArray], npt.ArrayLike],
    settings: CemSettings,
    mean0: npt.ArrayLike,
    std0: npt.ArrayLike,
    noise: npt.ArrayLike,
) -> CemResult:
    """Maximise ``logits``, which maps samples (samples, n) to scores (samples,).

    ``mean0`` and ``std0`` have shape (n,), ``noise`` (standard normal) has
    ``settings.noise_shape``. Raises `InputError` on another shape, a non-finite start or noise,
    and when no sample of the iterations that the answer is taken from has a finite score.
    """
    mean, std, draws = _checked(settings, mean0, std0, noise)
    best, best_score = mean, -np.inf
    for draw in draws:
        samples = np.clip(mean + std * draw, settings.low, settings.high)
        scores = _finite_or_last(np.asarray(logits(samples), dtype=np.float64), settings.samples)
        order = np.argsort(-scores, kind="stable")
        elite = samples[order[: settings.elites]]
        mean, std = elite.mean(axis=0), np.maximum(elite.std(axis=0, ddof=1), settings.std_floor)
        if settings.answer == "best_last" or scores[order[0]] > best_score:
            best, best_score = samples[order[0]], scores[order[0]]
    if not np.isfinite(best_score):
        raise InputError("Q is not finite for any CEM sample: the image or the model is broken")
    return CemResult(best, float(best_score), mean, std)


def retrace(
    settings: CemSettings,
    mean0: npt.ArrayLike,
    std0: npt.ArrayLike,
    noise: npt.ArrayLike,
    logits: npt.ArrayLike,
) -> ScoredSamples:
    """Return the samples of a search of which the ``logits`` (iterations, samples) are known.

    They equal those of a search in float32 up to its rounding. Raises `InputError` as `search`.
    """
    scores = np.asarray(logits, np.float64)
    drawn: list[FloatArray] = []

    def known(samples: FloatArray) -> FloatArray:
        drawn.append(samples)
        found: FloatArray = scores[len(drawn) - 1]
        return found

    if scores.shape != settings.noise_shape[:2]:
        raise InputError(f"logits have shape {scores.shape}, expected {settings.noise_shape[:2]}")
    result = search(known, settings, mean0, std0, noise)
    return ScoredSamples(np.array(drawn), scores, result)


def _finite_or_last(scores: FloatArray, count: int) -> FloatArray:
    if scores.shape != (count,):
        raise InputError(f"logits have shape {scores.shape}, expected ({count},)")
    return np.where(np.isfinite(scores), scores, -np.inf)


def _checked(
    settings: CemSettings, mean0: npt.ArrayLike, std0: npt.ArrayLike, noise: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = len(settings.variables)
    shapes = {"mean0": (n,), "std0": (n,), "noise": settings.noise_shape}
    arrays = {"mean0": mean0, "std0": std0, "noise": noise}
    out = {name: np.asarray(value, dtype=np.float64) for name, value in arrays.items()}
    for name, array in out.items():
        if array.shape != shapes[name] or not np.all(np.isfinite(array)):
            raise InputError(f"CEM {name} has shape {array.shape}, expected finite {shapes[name]}")
    return out["mean0"], out["std0"], out["noise"]
