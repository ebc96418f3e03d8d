# SPDX-License-Identifier: Apache-2.0
"""Diagnostics say which plan serves, why another does not, and what the camera is."""

import pytest
import tiny_forms

from rlcg_core.bundle import Bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.freshness import Problem
from rlcg_core.health import Level
from rlcg_core.reasons import TerminationReason
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.plan_roster import PlanRoster
from rlcg_policy.plans import Plan
from rlcg_policy.policy_health import camera_health, loop_health, model_health
from rlcg_policy.serving_options import ServingOptions
from rlcg_policy.step_meter import StepMeter
from rlcg_policy.verdict import Timing, Verdict

OPTIONS = ServingOptions(probe_cache=False)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_forms.write(tmp_path_factory.mktemp("models") / "tiny", tiny_forms.GOOD_M)


def good(bundle: Bundle, plan: Plan, threads: int) -> Verdict:
    wall_ms = 1.0 if plan.precision == "int8" else 2.0
    return Verdict(plan.name, timings=(Timing(3, 32, wall_ms, wall_ms),))


def test_a_plan_that_failed_in_an_episode_is_an_error_until_the_next_one_serves(
    tiny: Bundle,
) -> None:
    policy = OnnxPolicy(tiny, OPTIONS, PlanRoster(tiny, OPTIONS, good))
    health = model_health(policy)
    assert (health.level, health.message) == (Level.OK, "cpu-int8 3x32")
    policy.plans.refuse(Plan("cpu", "int8"), "the device is gone")
    policy.serving = None
    health = model_health(policy)
    assert health.level is Level.ERROR
    assert health.message == "no plan serves: cpu-int8: the device is gone"
    policy.reset(0)
    health = model_health(policy)
    assert health.level is Level.WARN
    assert health.message == "cpu-float32 3x32, but cpu-int8: the device is gone"
    assert health.values["plan cpu-int8"] == "refused: the device is gone"


def test_a_loop_is_slow_only_where_a_rate_is_wanted() -> None:
    meter = StepMeter()
    for i in range(4):
        meter.note(10.0 + i, 10.5 + i, 600.0, True, run_ms=499.5)
    assert loop_health(meter, True, 0.0).level is Level.OK
    slow = loop_health(meter, True, 5.0)
    assert slow.level is Level.WARN
    assert "1.00 decisions per second, 5 wanted" in slow.message
    assert slow.values["outside_run_ms_median"] == 0.5


def test_the_camera_is_missing_wrong_or_as_in_training(tiny: Bundle) -> None:
    problem = Problem(TerminationReason.BAD_IMAGE, "no picture")
    assert camera_health(problem, None, tiny.manifest).level is Level.ERROR
    assert camera_health(None, None, tiny.manifest).level is Level.STALE
    assert camera_health(None, ROBOT1.camera, tiny.manifest).level is Level.OK


def test_the_meters_values_are_those_of_an_empty_episode_at_first() -> None:
    values = loop_health(StepMeter(), False, 3.0).values
    assert values["running"] is False
    assert values["lockstep"] is False
    assert values["step_ms_median"] is None
