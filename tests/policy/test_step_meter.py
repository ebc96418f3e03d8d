# SPDX-License-Identifier: Apache-2.0
"""Rate and medians of an episode's steps."""

import pytest

from rlcg_policy.step_meter import StepMeter


def meter(period_s: float, steps: int = 5) -> StepMeter:
    made = StepMeter()
    for i in range(steps):
        begun_s = 10.0 + i * period_s
        ran = i < 3
        made.note(
            begun_s, begun_s + 0.01 * (i + 1), 20.0, ran, run_ms=9.5 * (i + 1) if ran else 0.0
        )
    return made


def test_the_rate_is_that_of_the_beginnings() -> None:
    assert meter(0.25).rate_hz == pytest.approx(4.0)
    assert meter(0.25, 1).rate_hz is None


def test_only_a_slow_loop_is_complained_about() -> None:
    assert meter(0.25).complaint(4.0) == ""
    assert "4.00 decisions per second, 5 wanted" in meter(0.25).complaint(5.0)
    assert StepMeter().complaint(5.0) == ""


def test_medians_are_of_steps_that_ran_the_network() -> None:
    assert meter(0.25).summary()["step_ms_median"] == pytest.approx(20.0)
    assert meter(0.25).summary()["outside_run_ms_median"] == pytest.approx(1.0)
    assert StepMeter().summary()["step_ms_median"] is None


def test_the_way_from_image_to_command_is_told_with_its_tail() -> None:
    made = StepMeter()
    for i in range(100):
        made.note(float(i), i + 0.01, 10.0 + i, network_ran=True, run_ms=5.0)
    made.note(100.0, 100.01, 900.0, network_ran=False, run_ms=0.0)
    values = made.summary()
    tail = [values[f"image_to_command_ms_{name}"] for name in ("median", "p95", "p99", "max")]
    assert tail == [59.5, 104.0, 108.0, 109.0]
    assert StepMeter().summary()["image_to_command_ms_max"] is None
