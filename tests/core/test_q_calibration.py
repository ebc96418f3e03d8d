# SPDX-License-Identifier: Apache-2.0
"""Q against outcome: bins, Brier score, gap."""

import math

import pytest

from rlcg_core.q_calibration import calibrate

PAIRS = list(
    zip([0.92, 0.81, 0.85, 0.55, 0.31, 0.12, 0.67, 0.49], [1, 1, 0, 1, 0, 0, 1, 0], strict=True)
)


def test_brier_and_bins_are_those_of_scikit_learn() -> None:
    # brier_score_loss and calibration_curve(n_bins=10) of scikit-learn.
    found = calibrate([(q, bool(y)) for q, y in PAIRS])
    assert found.brier == pytest.approx(0.178375)
    assert [one.mean_q for one in found.bins] == pytest.approx(
        [0.12, 0.31, 0.49, 0.55, 0.67, 0.83, 0.92]
    )
    assert [one.rate for one in found.bins] == [0, 0, 0, 1, 1, 0.5, 1]


def test_honest_q_has_no_gap() -> None:
    pairs = [(0.75, True)] * 3 + [(0.75, False)]
    assert calibrate(pairs).expected_error == pytest.approx(0.0)


def test_what_is_no_number_is_left_out_and_one_is_in_the_last_bin() -> None:
    found = calibrate([(math.nan, True), (1.0, True)])
    assert [(one.low, one.n) for one in found.bins] == [(0.9, 1)]
    assert calibrate([(math.nan, True)]).brier is None
