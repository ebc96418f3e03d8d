# SPDX-License-Identifier: Apache-2.0
"""Judging by jaw opening and by pictures, and how far two judges agree."""

import numpy as np
import pytest

from rlcg_core.cell import GripperDescription
from rlcg_core.errors import ConfigError, InputError
from rlcg_core.image_difference import CHANGED_TILES, at_rest, changed_tiles, judge_difference
from rlcg_core.outcome_sources import Source, agreements, judge_opening, parse_sources
from rlcg_core.reasons import Outcome

JAW = GripperDescription()


@pytest.mark.parametrize(
    ("opening_m", "outcome"),
    [
        (0.0, Outcome.FAILURE),
        (0.002, Outcome.FAILURE),
        (0.004, Outcome.SUCCESS),
        (0.07, Outcome.SUCCESS),
        (0.0845, Outcome.UNKNOWN),
        (float("nan"), Outcome.UNKNOWN),
    ],
)
def test_a_jaw_that_did_not_close_fully_holds_something(opening_m: float, outcome: Outcome) -> None:
    assert judge_opening(opening_m, JAW).outcome is outcome


def picture(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(40, 200, (16, 20, 3)).astype(np.uint8)
    return np.repeat(np.repeat(blocks, 32, axis=0), 32, axis=1)


def with_object(image: np.ndarray, x: int, y: int, size: int = 60) -> np.ndarray:
    changed = image.copy()
    changed[y : y + size, x : x + size] = (250, 20, 20)
    return changed


def test_an_object_that_fell_shows() -> None:
    before, after = with_object(picture(), 200, 100), with_object(picture(), 210, 300)
    found = judge_difference(before, after)
    assert found.outcome is Outcome.SUCCESS
    assert found.source is Source.IMAGE_DIFFERENCE


def test_noise_and_a_lamp_are_no_object() -> None:
    rng = np.random.default_rng(2)
    noisy = np.clip(picture() + rng.normal(30.0, 10.0, picture().shape), 0, 255).astype(np.uint8)
    assert judge_difference(picture(), noisy).outcome is Outcome.FAILURE
    assert at_rest(picture(), noisy)


def test_a_picture_that_creeps_by_a_pixel_is_no_object() -> None:
    assert changed_tiles(picture(), np.roll(picture(), 1, axis=1)) < CHANGED_TILES


def test_the_count_does_not_depend_on_the_size_of_the_picture() -> None:
    before, after = picture(), with_object(picture(), 200, 100)
    small = changed_tiles(before[::2, ::2], after[::2, ::2])
    assert small == pytest.approx(changed_tiles(before, after), rel=0.2)


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="expected one shape"):
        changed_tiles(picture(), picture()[::2, ::2])


def test_sources_are_named_once_and_known() -> None:
    assert parse_sources(("operator", "simulator")) == (Source.OPERATOR, Source.SIMULATOR)
    for wrong in ((), ("camera",), ("simulator", "simulator")):
        with pytest.raises(ConfigError, match="the judging one first"):
            parse_sources(wrong)


def test_agreement_counts_only_what_both_judged() -> None:
    good, bad, none = Outcome.SUCCESS, Outcome.FAILURE, Outcome.UNKNOWN
    trials = [
        {"a": good, "b": good},
        {"a": good, "b": bad},
        {"a": bad, "b": bad},
        {"a": bad, "b": none},
        {"a": good},
    ]
    (found,) = agreements(trials)
    assert (found.n, found.same, found.only_first, found.only_second) == (3, 2, 1, 0)
    assert agreements([{"a": good}]) == ()


def test_what_rolls_by_itself_is_not_counted() -> None:
    earlier, before = with_object(picture(), 200, 100), with_object(picture(), 230, 100)
    after = with_object(picture(), 240, 100)
    assert changed_tiles(before, after) > 0
    assert changed_tiles(before, after, earlier) == 0
    fell = with_object(after, 400, 300)
    assert judge_difference(before, fell, earlier).outcome is Outcome.SUCCESS
