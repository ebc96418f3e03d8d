# SPDX-License-Identifier: Apache-2.0
"""Nothing is served unproven, and a plan that fails in an episode serves no further one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_forms
import tiny_model
from bundles import example_golden, example_manifest
from tiny_views import see

from rlcg_core import bundle
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError, InputError
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.plan_roster import PlanRoster
from rlcg_policy.plans import Plan
from rlcg_policy.serving_options import ServingOptions
from rlcg_policy.verdict import Timing, Verdict


def tampered(tiny: Bundle, **expected: tuple[float, ...]) -> Bundle:
    case = tiny.golden.cases[0]
    wrong = replace(case, expected={**case.expected, **expected})
    return replace(tiny, golden=replace(tiny.golden, cases=(wrong,)))


def test_golden_vectors_that_do_not_come_out_are_refused(tiny: Bundle) -> None:
    with pytest.raises(BundleError, match="golden case 0: output q is"):
        OnnxPolicy(tampered(tiny, q=(0.123,)))


def test_another_graph_with_the_right_hash_is_refused(tiny: Bundle, tmp_path: Path) -> None:
    model = tiny_model.graph()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 480
    onnx.save(model, tmp_path / bundle.GRAPH)
    other = bundle.write(tmp_path, example_manifest(), example_golden())
    with pytest.raises(BundleError, match=r"graph inputs.image is .*480, 640"):
        OnnxPolicy(other)


def test_bytes_that_are_no_graph_are_refused(tiny: Bundle) -> None:
    with pytest.raises(BundleError, match=r"policy.onnx is no ONNX graph"):
        OnnxPolicy(replace(tiny, graphs={"policy.onnx": b"no graph"}))


def test_a_q_of_exactly_zero_means_that_no_sample_had_a_score(tiny: Bundle) -> None:
    policy = OnnxPolicy(tiny)
    values = {name: np.zeros(t.shape, t.dtype) for name, t in tiny.manifest.outputs.items()}
    policy.serving.runner.session = Answering(values)
    with pytest.raises(InputError, match="no sample had a finite score"):
        policy.decide(see())
    assert policy.serving is not None, "a bad picture is no reason to give up a plan"


class Answering:
    """A session that answers the same numbers to everything, until its device is gone."""

    def __init__(self, values: dict[str, np.ndarray], gone_after: int = 1000) -> None:
        self._values, self._left = values, gone_after

    def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self._left -= 1
        if self._left < 0:
            raise RuntimeError("CUDA failure 100: no CUDA-capable device is detected")
        return [self._values[name] for name in names]


def outputs_of(policy: OnnxPolicy) -> dict[str, np.ndarray]:
    policy.decide(see())
    return dict(policy._outputs)


def test_a_device_that_vanishes_ends_the_episode_and_the_next_plan_serves_the_next(
    tmp_path: Path,
) -> None:
    model = tiny_forms.write(tmp_path / "tiny", int8_off_m=tiny_forms.GOOD_M)
    policy = OnnxPolicy(model, roster=PlanRoster(model, ServingOptions(), prober=int8_is_faster))
    assert str(policy.serving) == "cpu-int8 3x32"
    policy.serving.runner.session = Answering(outputs_of(policy), gone_after=2)
    policy.reset(1)
    policy.decide(see())
    policy.decide(see())
    with pytest.raises(InputError, match="the model did not run: CUDA failure 100"):
        policy.decide(see())
    assert any("cpu-int8: it failed in an episode" in text for text in policy.plans.warnings)
    with pytest.raises(InputError, match="no plan is left"):
        policy.decide(see())
    assert policy.refusal() == ""
    policy.reset(2)
    assert str(policy.serving) == "cpu-float32 3x32"
    assert policy.decide(see()).goal is not None
    assert "failed in an episode" in policy.plans.table()["cpu-int8"]


def test_with_no_plan_left_the_next_goal_is_refused_in_one_line(tiny: Bundle) -> None:
    policy = OnnxPolicy(tiny)
    policy.serving.runner.session = Answering({}, gone_after=0)
    with pytest.raises(InputError, match="did not run"):
        policy.decide(see())
    assert policy.refusal().startswith("no plan can serve tiny: cpu-float32: it failed")
    assert "configure the node again" in policy.refusal()
    assert "\n" not in policy.refusal()


def int8_is_faster(bundle: Bundle, plan: Plan, threads: int) -> Verdict:
    wall_ms = 1.0 if plan.precision == "int8" else 2.0
    return Verdict(plan.name, timings=(Timing(3, 32, wall_ms, wall_ms),))
