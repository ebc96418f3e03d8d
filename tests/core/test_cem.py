# SPDX-License-Identifier: Apache-2.0
"""CEM: bounds, ranking, refit and repeatability, checked as properties."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.cem import (
    Answer,
    CemResult,
    CemSettings,
    FloatArray,
    Variable,
    retrace,
    search,
)
from rlcg_core.errors import ConfigError, InputError

VARIABLES = (Variable("a", "m", -1.0, 1.0), Variable("b", "rad", -2.0, 3.0))


def settings(iterations: int = 3, answer: Answer = "best_last", elites: int = 6) -> CemSettings:
    return CemSettings(VARIABLES, 32, elites, iterations, (0.01, 0.02), answer)


def noise(seed: int, of: CemSettings) -> FloatArray:
    return np.random.default_rng(seed).standard_normal(of.noise_shape)


def bowl(peak: FloatArray) -> Callable[[FloatArray], FloatArray]:
    return lambda samples: -np.sum((samples - peak) ** 2, axis=1)


def run(logits: Callable[[FloatArray], FloatArray], of: CemSettings, seed: int = 0) -> CemResult:
    return search(logits, of, np.zeros(2), np.ones(2), noise(seed, of))


@given(st.integers(0, 1000), st.floats(-0.9, 0.9), st.floats(-1.0, 1.0))
def test_finds_the_peak_of_a_smooth_score(seed: int, a: float, b: float) -> None:
    peak = np.array([a, b])
    of = settings(iterations=8, elites=10)
    assert np.abs(run(bowl(peak), of, seed).best - peak).max() < 0.3


@given(st.integers(0, 1000))
def test_every_sample_lies_within_the_bounds(seed: int) -> None:
    of, seen = settings(), []
    search(lambda s: seen.append(s) or s[:, 0], of, np.zeros(2), 10 * np.ones(2), noise(seed, of))
    samples = np.concatenate(seen)
    assert np.all(samples >= of.low)
    assert np.all(samples <= of.high)
    assert np.any(samples == of.high)


def test_the_same_noise_repeats_the_result_bit_for_bit() -> None:
    first, again = (run(bowl(np.zeros(2)), settings()) for _ in range(2))
    assert first.best.tobytes() == again.best.tobytes()
    assert run(bowl(np.zeros(2)), settings(), 1).best.tobytes() != first.best.tobytes()


@given(st.integers(0, 1000))
def test_a_monotone_map_of_the_logits_changes_nothing_but_the_logit(seed: int) -> None:
    plain, squashed = bowl(np.zeros(2)), lambda s: np.tanh(0.05 * bowl(np.zeros(2))(s))
    one, two = run(plain, settings(), seed), run(squashed, settings(), seed)
    np.testing.assert_array_equal(one.best, two.best)
    np.testing.assert_array_equal(one.mean, two.mean)


def test_one_iteration_equals_the_definition() -> None:
    of, peak = settings(iterations=1), np.array([0.3, 0.5])
    result = run(bowl(peak), of)
    samples = np.clip(noise(0, of)[0], of.low, of.high)
    elite = samples[np.argsort(-bowl(peak)(samples))[:6]]
    np.testing.assert_allclose(result.best, elite[0])
    np.testing.assert_allclose(result.mean, elite.mean(axis=0))
    np.testing.assert_allclose(result.std, np.sqrt(elite.var(axis=0) * 6 / 5))


def test_equal_scores_are_ranked_by_index() -> None:
    of = settings(iterations=1)
    result = run(lambda s: np.zeros(len(s)), of)
    samples = np.clip(noise(0, of)[0], of.low, of.high)
    np.testing.assert_array_equal(result.best, samples[0])
    np.testing.assert_allclose(result.mean, samples[:6].mean(axis=0))


def test_among_many_ties_the_lowest_indices_win() -> None:
    of = CemSettings(VARIABLES, 512, 40, 1, (0.01, 0.02))
    samples = np.clip(noise(0, of)[0], of.low, of.high)
    coarse = np.round(samples[:, 0])
    result = run(lambda s: np.round(s[:, 0]), of)
    expected = sorted(range(512), key=lambda i: (-coarse[i], i))[:40]
    np.testing.assert_array_equal(result.best, samples[expected[0]])
    np.testing.assert_allclose(result.mean, samples[expected].mean(axis=0), rtol=1e-12)


def test_std_does_not_fall_below_its_floor() -> None:
    of = settings(iterations=1)
    result = search(lambda s: s[:, 0], of, np.zeros(2), np.zeros(2), noise(0, of))
    np.testing.assert_allclose(result.std, of.std_floor)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_sample_without_a_finite_score_ranks_last(bad: float) -> None:
    def score(samples: FloatArray) -> FloatArray:
        return np.where(samples[:, 0] > 0.0, bad, samples[:, 0])

    result = run(score, settings())
    assert result.best[0] <= 0.0
    assert np.isfinite(result.logit)


def test_no_finite_score_at_all_is_an_error() -> None:
    with pytest.raises(InputError, match="not finite"):
        run(lambda s: np.full(len(s), np.nan), settings())


def test_best_ever_keeps_what_an_early_iteration_found() -> None:
    calls = []

    def score(samples: FloatArray) -> FloatArray:
        calls.append(samples)
        return samples[:, 0] - 10.0 * len(calls)

    last = run(score, settings())
    first_call = calls[0]
    calls.clear()
    ever = run(score, settings(answer="best_ever"))
    np.testing.assert_array_equal(ever.best, first_call[np.argmax(first_call[:, 0])])
    assert ever.logit > last.logit
    np.testing.assert_array_equal(ever.mean, last.mean)


@pytest.mark.parametrize("change", ["mean0", "std0", "noise", "nan", "logits"])
def test_wrong_shapes_and_non_finite_starts_are_named(change: str) -> None:
    of = settings()
    given_ = {"mean0": np.zeros(2), "std0": np.ones(2), "noise": noise(0, of)}
    logits = bowl(np.zeros(2))
    if change == "nan":
        given_["mean0"] = np.array([0.0, np.nan])
    elif change == "logits":
        logits = lambda samples: samples  # noqa: E731
    else:
        given_[change] = given_[change][:1]
    with pytest.raises(InputError, match=change if change != "nan" else "mean0"):
        search(logits, of, **given_)


@pytest.mark.parametrize(
    "wrong",
    [
        {"elites": 1},
        {"elites": 33},
        {"iterations": 0},
        {"std_floor": (0.1,)},
        {"variables": (Variable("a", "m", 1.0, 1.0), Variable("b", "m", 0.0, 1.0))},
    ],
)
def test_impossible_settings_are_refused(wrong: dict) -> None:
    good = {
        "variables": VARIABLES,
        "samples": 32,
        "elites": 6,
        "iterations": 3,
        "std_floor": (0.01, 0.01),
    }
    CemSettings(**good)
    with pytest.raises(ConfigError, match="expected"):
        CemSettings(**{**good, **wrong})


@given(st.integers(0, 1000))
def test_a_search_is_retraced_from_its_scores(seed: int) -> None:
    of, seen, scores = settings(answer="best_ever"), [], []

    def watched(samples: FloatArray) -> FloatArray:
        seen.append(samples)
        scores.append(bowl(np.array([0.3, -0.4]))(samples))
        return scores[-1]

    made = search(watched, of, np.zeros(2), np.ones(2), noise(seed, of))
    again = retrace(of, np.zeros(2), np.ones(2), noise(seed, of), scores)
    assert again.samples.tobytes() == np.array(seen).tobytes()
    np.testing.assert_array_equal(again.result.best, made.best)
    np.testing.assert_array_equal(again.result.mean, made.mean)
    best = np.unravel_index(np.argmax(again.q_values), again.q_values.shape)
    np.testing.assert_array_equal(again.samples[best], made.best)
    np.testing.assert_allclose(again.q_values, 1.0 / (1.0 + np.exp(-np.array(scores))))


def test_scores_of_another_search_are_refused() -> None:
    with pytest.raises(InputError, match=r"logits have shape \(2, 32\), expected \(3, 32\)"):
        retrace(settings(), np.zeros(2), np.ones(2), noise(0, settings()), np.zeros((2, 32)))
