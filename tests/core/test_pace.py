# SPDX-License-Identifier: Apache-2.0
"""The pace holds its rate on average, whatever the camera's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.pace import Pace


def decisions(period_s: float, frames_s: np.ndarray) -> np.ndarray:
    pace, taken = Pace(period_s), []
    for now_s in frames_s:
        if pace.ready(now_s):
            pace.note(now_s)
            taken.append(now_s)
    return np.array(taken)


@given(st.floats(1.0, 10.0), st.floats(1.0, 8.0), st.integers(0, 100))
def test_the_rate_is_kept_with_any_faster_camera(rate_hz: float, factor: float, seed: int) -> None:
    camera_s = 1.0 / (rate_hz * factor)
    frames_s = np.arange(400 * factor) * camera_s
    jitter_s = np.random.default_rng(seed).uniform(0.0, 0.1 * camera_s, len(frames_s))
    taken = decisions(1.0 / rate_hz, frames_s + jitter_s)
    achieved_hz = (len(taken) - 1) / (taken[-1] - taken[0])
    assert achieved_hz == pytest.approx(rate_hz, rel=0.02)


def test_a_camera_of_the_same_rate_loses_no_frame_to_jitter() -> None:
    frames_s = np.arange(200) / 3.0 + np.random.default_rng(0).uniform(0.0, 0.09, 200)
    assert len(decisions(1.0 / 3.0, frames_s)) == 200


def test_a_stall_is_not_made_up_for() -> None:
    frames_s = np.concatenate([np.arange(10) * 0.1, 5.0 + np.arange(10) * 0.1])
    assert np.diff(decisions(0.3, frames_s)).min() > 0.15


def test_no_period_takes_every_frame() -> None:
    assert len(decisions(0.0, np.arange(50) * 0.001)) == 50
