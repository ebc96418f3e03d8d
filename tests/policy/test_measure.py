# SPDX-License-Identifier: Apache-2.0
"""A plan is timed for each search, and judged by what it chooses on the stored frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_forms
import tiny_model
from bundles import CEM
from onnx import numpy_helper

from rlcg_core.errors import BundleError
from rlcg_core.manifest import GraphForm
from rlcg_policy import plans
from rlcg_policy.measure import measure
from rlcg_policy.plans import CPU_FLOAT32

CPU_INT8 = plans.named("cpu-int8")


def test_an_exact_plan_chooses_what_was_recorded_and_is_timed(tmp_path: Path) -> None:
    bundle = tiny_forms.write(tmp_path / "tiny", small=True)
    verdict = measure(bundle, CPU_FLOAT32, 1)
    assert verdict.ok, verdict.reason
    assert [(t.iterations, t.samples) for t in verdict.timings] == [(3, 32), (3, 16)]
    assert all(t.wall_ms > 0.0 and t.cpu_ms > 0.0 for t in verdict.timings)
    assert verdict.regret is not None
    assert verdict.regret.same_share == 1.0
    assert verdict.regret.frames == 4
    assert verdict.node_share in (1.0, None)


def test_an_exact_plan_that_chooses_otherwise_is_at_fault(tmp_path: Path) -> None:
    bundle = tiny_forms.write(tmp_path / "tiny")
    x, y, yaw = bundle.frames[2].goal
    wrong = replace(bundle.frames[2], goal=(x + 0.002, y, yaw))
    frames = (*bundle.frames[:2], wrong, bundle.frames[3])
    with pytest.raises(BundleError, match=r"another sample than recorded on 1 of 4 stored frames"):
        measure(replace(bundle, frames=frames), CPU_FLOAT32, 1)


def test_reduced_precision_may_choose_otherwise_while_it_costs_little(tmp_path: Path) -> None:
    verdict = measure(tiny_forms.write(tmp_path / "t", tiny_forms.GOOD_M), CPU_INT8, 1)
    assert verdict.ok, verdict.reason
    assert verdict.regret is not None
    assert verdict.regret.mean < 0.01


def test_reduced_precision_that_chooses_worse_is_refused_for_its_quality(tmp_path: Path) -> None:
    verdict = measure(tiny_forms.write(tmp_path / "t", tiny_forms.POOR_M), CPU_INT8, 1)
    assert verdict.refusal == "quality"
    assert "95th percentile of the regret" in verdict.reason
    assert verdict.regret is not None
    # One unit of logit from the top: 0.881 - 0.731.
    assert verdict.regret.mean == pytest.approx(0.15, abs=0.03)
    assert verdict.timings, "its times stand in the table all the same"


def test_a_command_that_float32_would_not_give_costs_all_of_the_q(tmp_path: Path) -> None:
    bundle = tiny_forms.write(tmp_path / "t", tiny_forms.POOR_M)
    graph = onnx.load(bundle.folder / "policy_int8.onnx")
    closes = numpy_helper.from_array(np.array([1.0, 0.0, 0.0], np.float32))
    for constant in graph.graph.initializer:
        if np.array_equal(numpy_helper.to_array(constant), np.zeros(3)):
            closes.name = constant.name
            constant.CopyFrom(closes)
    onnx.save(graph, bundle.folder / "policy_int8.onnx")
    verdict = measure(tiny_forms.rewritten(bundle), CPU_INT8, 1)
    assert verdict.refusal == "quality"
    assert verdict.regret is not None
    assert verdict.regret.mean > 0.8  # 0.15 for its samples alone


def test_without_stored_frames_reduced_precision_is_refused_and_float32_serves(
    tmp_path: Path,
) -> None:
    bundle = tiny_forms.write(tmp_path / "t", tiny_forms.GOOD_M, frames=0)
    assert measure(bundle, CPU_FLOAT32, 1).ok
    verdict = measure(bundle, CPU_INT8, 1)
    assert (verdict.refusal, verdict.reason) == ("quality", "no stored frames to judge it on")


def test_a_smaller_search_of_another_network_is_at_fault(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    tiny_forms.write(folder)
    other = tiny_model.graph(tiny_forms.SMALL, tiny_forms.displaced(tiny_forms.POOR_M))
    onnx.save(other, folder / "policy_3x16.onnx")
    bundle = tiny_forms.rewrite(folder, [GraphForm("policy_3x16.onnx", "float32", 3, 16)])
    with pytest.raises(BundleError, match=r"graph of 3x16 gives Q 0.* where that of the full"):
        measure(bundle, CPU_FLOAT32, 1)


def test_plans_are_what_the_runtime_offers_and_the_bundle_has_graphs_for(tmp_path: Path) -> None:
    cpu = ["CPUExecutionProvider"]
    both = ["OpenVINOExecutionProvider", *cpu]
    plain = tiny_model.write(tmp_path / "plain")
    assert [plan.name for plan in plans.candidates(plain, cpu)] == ["cpu-float32"]
    found = plans.candidates(tiny_forms.write(tmp_path / "t", 0.0), both)
    assert [plan.name for plan in found] == [
        "openvino-int8",
        "openvino-bfloat16",
        "openvino-float32",
        "cpu-int8",
        "cpu-float32",
    ]
    assert [plan.name for plan in plans.candidates(plain, [])] == ["cpu-float32"]


def test_forms_of_a_plan_come_from_the_greatest_search_down(tmp_path: Path) -> None:
    bundle = tiny_forms.write(tmp_path / "t", 0.0, small=True)
    files = [form.file for form in plans.forms(bundle, CPU_INT8)]
    assert files == ["policy_int8.onnx", "policy_int8_3x16.onnx"]
    assert plans.forms(bundle, plans.named("openvino-bfloat16"))[0].samples == CEM.samples
