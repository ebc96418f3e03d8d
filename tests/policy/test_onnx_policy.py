# SPDX-License-Identifier: Apache-2.0
"""The graph served by ONNX Runtime equals the numpy reference, and nothing is served unproven."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import tiny_model
from bundles import CEM, example_golden, example_manifest
from onnx import helper

from rlcg_core import bundle, cem, golden
from rlcg_core.bundle import Bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import BundleError, ConfigError, InputError
from rlcg_core.types import Action, Decision, Observation, ToolPose
from rlcg_policy import sessions
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.processor import default_threads


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def policy(tiny: Bundle) -> OnnxPolicy:
    return OnnxPolicy(tiny)


def see(pose: ToolPose | None = None, image_seed: int = 3, closed: bool = False) -> Observation:
    pose = pose or ToolPose(np.array([0.62, -0.05, 0.30]), 0.0)
    image = golden.pattern_image(image_seed)
    height_m = float(pose.position_m[2]) - ROBOT1.bin.floor_z_m
    projection = ROBOT1.camera.projection_base_to_px()
    return Observation(image, closed, height_m, pose, projection, 0.0)


def episode(policy: OnnxPolicy, seed: int) -> list[tuple[Decision, ToolPose]]:
    """Run a whole grasp with an arm that does exactly what it is told."""
    policy.reset(seed)
    pose, closed, trace = see().tool_pose, False, []
    for _ in range(40):
        decision = policy.decide(see(pose, closed=closed))
        trace.append((decision, pose))
        pose = pose.moved(decision.action)
        closed = (closed or decision.action.close) and not decision.action.open
        if decision.action.terminate:
            break
    return trace


@pytest.mark.parametrize("seed", range(5))
def test_the_decision_equals_the_numpy_reference(policy: OnnxPolicy, seed: int) -> None:
    observation, start = see(image_seed=seed), policy.manifest.cem_start
    policy.reset(seed)
    decision = policy.decide(observation)
    noise = np.random.default_rng(seed).standard_normal(CEM.noise_shape, dtype=np.float32)
    expected = cem.search(
        lambda samples: tiny_model.logits(observation.image_hwc, samples),
        CEM,
        start.mean0,
        start.std0,
        noise,
    )
    assert decision.goal is not None
    np.testing.assert_allclose(decision.goal.position_m[:2], expected.best[:2], atol=1e-5)
    np.testing.assert_allclose(decision.cem_mean, expected.mean, atol=1e-5)
    np.testing.assert_allclose(decision.cem_std, expected.std, atol=1e-5)
    assert decision.q_value == pytest.approx(1.0 / (1.0 + np.exp(-expected.logit)), abs=1e-5)


def test_a_seed_repeats_a_whole_episode(policy: OnnxPolicy) -> None:
    def actions(seed: int) -> list[bytes]:
        return [decision.action.to_array().tobytes() for decision, _ in episode(policy, seed)]

    first = actions(1)
    assert actions(1) == first
    assert actions(2) != first


def test_the_grasp_ends_on_the_peak_of_q(policy: OnnxPolicy) -> None:
    trace = episode(policy, 0)
    assert trace[-1][0].action.terminate
    closing = next(pose for decision, pose in trace if decision.phase == "close")
    peak_y, peak_yaw = tiny_model.PEAK[1:]
    assert closing.position_m[1] == pytest.approx(peak_y, abs=0.02)
    assert closing.yaw_rad == pytest.approx(peak_yaw, abs=0.2)


def test_the_graphs_own_action_agrees_with_the_rule(policy: OnnxPolicy) -> None:
    learned = [0, 1, 3, 4]
    policy.reset(0)
    decision = policy.decide(see())
    graph_action = policy._outputs["action"]
    np.testing.assert_allclose(
        decision.action.to_array()[learned], graph_action[learned], atol=1e-6
    )


def test_one_run_per_frame_and_none_without_a_goal(tiny: Bundle) -> None:
    policy = OnnxPolicy(tiny)
    runs: list[int] = []
    inner = policy._session

    class Counting:
        def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            runs.append(1)
            return inner.run(names, inputs)

    policy._session = Counting()
    trace = episode(policy, 0)
    servo = [d for d, _ in trace if d.phase in ("approach", "descend")]
    # The frame on which the descent turns into closing was looked at as well.
    assert len(runs) == len(servo) + 1
    assert len(trace) > len(runs)


def test_without_a_rule_the_graphs_action_is_the_action(tiny: Bundle) -> None:
    fields = replace(tiny.manifest.action, learned=tiny.manifest.action.learned, by_rule=())
    manifest = replace(tiny.manifest, rule=None, action=fields)
    policy = OnnxPolicy(replace(tiny, manifest=manifest))
    policy.reset(0)
    decision = policy.decide(see())
    expected = Action.from_array(policy._outputs["action"])
    np.testing.assert_array_equal(decision.action.to_array(), expected.to_array())


def test_an_answer_that_is_not_finite_is_an_error(policy: OnnxPolicy) -> None:
    observation = see()
    pose = ToolPose(np.array([np.nan, 0.0, 0.3]), 0.0)
    with pytest.raises(InputError, match="action is not finite"):
        policy.decide(replace(observation, tool_pose=pose))


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
    with pytest.raises(BundleError, match="cannot load the graph"):
        OnnxPolicy(replace(tiny, graphs={"policy.onnx": b"no graph"}))


def test_a_graph_cannot_read_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_bytes(b"\x00" * 12)
    weights = helper.make_tensor("w", onnx.TensorProto.FLOAT, [3], b"\x00" * 12, raw=True)
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="secret")
    out = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [3])
    node = helper.make_node("Identity", ["w"], ["y"])
    body = helper.make_graph([node], "external", [], [out], [weights])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="cannot load the graph"):
        sessions.open_session(model.SerializeToString(), "cpu", 1)


def test_the_cpu_is_proven_and_auto_says_what_runs(tiny: Bundle) -> None:
    assert OnnxPolicy(tiny, "cpu").provider == sessions.ProviderReport("cpu", "cpu")
    assert OnnxPolicy(tiny, "auto").provider.requested == "auto"


def test_a_provider_that_is_not_there_is_an_error(tiny: Bundle) -> None:
    absent = [
        name
        for name, full in sessions.PROVIDERS.items()
        if full not in onnxruntime.get_available_providers()
    ]
    assert absent, "this machine's onnxruntime has every provider"
    with pytest.raises(ConfigError, match=f"provider {absent[0]} is not in this onnxruntime"):
        OnnxPolicy(tiny, absent[0])
    with pytest.raises(ConfigError, match="expected one of"):
        OnnxPolicy(tiny, "gpu")


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_auto_reports_the_provider_that_failed(
    tiny: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
    report = OnnxPolicy(tiny, "auto").provider
    assert report.actual == "cpu"
    assert report.fell_back
    assert "cuda" in str(report)
    with pytest.raises(ConfigError, match="cuda"):
        OnnxPolicy(tiny, "cuda")


def test_threads_are_few() -> None:
    assert 1 <= default_threads() <= 4
