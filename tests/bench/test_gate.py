# SPDX-License-Identifier: Apache-2.0
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rlcg_bench import gate
from rlcg_core.bundle import Bundle
from rlcg_core.errors import ConfigError
from rlcg_core.manifest import GraphForm
from rlcg_policy.plans import CPU_FLOAT32, named
from rlcg_policy.probe import probe
from rlcg_policy.verdict import Verdict

CPU, OPENVINO = "CPUExecutionProvider", "OpenVINOExecutionProvider"
CUDA = "CUDAExecutionProvider"


@pytest.fixture
def with_int8(small_bundle: Bundle) -> Bundle:
    """The bundle as if it had an int8 form as well."""
    full = small_bundle.manifest.graphs[0]
    form = GraphForm("policy_int8.onnx", "int8", full.iterations, full.samples)
    manifest = replace(small_bundle.manifest, graphs=(full, form))
    graphs = {**small_bundle.graphs, form.file: small_bundle.graph_bytes}
    return replace(small_bundle, manifest=manifest, graphs=graphs)


def test_each_plan_is_offered_once_and_openvino_by_the_interpreter_that_has_it(
    with_int8: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = {"": [CPU], "/openvino/python": [OPENVINO, CUDA, CPU]}
    monkeypatch.setattr(gate, "_providers", lambda python: offered[python])
    found = [(plan.name, python) for plan, python in gate._offers(with_int8, "/openvino/python")]
    assert sorted(found) == [
        ("cpu-int8", ""),
        ("openvino-bfloat16", "/openvino/python"),
        ("openvino-float32", "/openvino/python"),
        ("openvino-int8", "/openvino/python"),
    ]


def test_a_runtime_with_openvino_needs_no_other_interpreter(
    with_int8: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_providers", lambda python: [OPENVINO, CPU])
    found = list(gate._offers(with_int8, "/openvino/python"))
    assert len(found) == 4
    assert {python for _, python in found} == {""}
    assert CPU_FLOAT32 not in [plan for plan, _ in found]


def test_an_interpreter_without_onnxruntime_is_an_error_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match="make setup-openvino"):
        gate._providers("/no/such/python")


def test_a_plan_refused_for_its_quality_is_timed_and_a_faulty_one_is_not(
    with_int8: Bundle, tmp_path: Path
) -> None:
    verdicts = {"cpu-int8": "quality", "openvino-bfloat16": "fault", "openvino-float32": ""}
    gated = [
        gate.Gated(named(name), "", Verdict(name, refusal))  # type: ignore[arg-type]
        for name, refusal in verdicts.items()
    ]
    made = gate.write_graphs(with_int8, gated, tmp_path)
    assert [(variant.name, variant.exact) for variant in made] == [
        ("cpu-int8", False),
        ("openvino-float32", True),
    ]
    assert (tmp_path / "policy_int8.onnx").read_bytes() == with_int8.graph_bytes


def test_serving_itself_judges_the_plans(small_bundle: Bundle) -> None:
    found = gate.judge(small_bundle, 1, "")
    assert all(one.verdict.ok or one.verdict.reason for one in found)


def test_another_interpreter_measures_with_our_sources_alone(small_bundle: Bundle) -> None:
    command = gate._command(sys.executable)
    verdict = probe(small_bundle, CPU_FLOAT32, 1, command)
    assert verdict.ok, verdict.reason
    (setting,) = [word for word in command if word.startswith("PYTHONPATH=")]
    assert "site-packages" not in setting
