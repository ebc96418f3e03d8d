# SPDX-License-Identifier: Apache-2.0
"""The graph served by ONNX Runtime equals the numpy reference, and nothing is served unproven."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_forms
import tiny_model
from bundles import CEM, example_golden, example_manifest

from rlcg_core import bundle, cem, golden
from rlcg_core.bundle import Bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import BundleError, InputError
from rlcg_core.types import Action, Decision, Observation, ToolPose
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.plan_roster import PlanRoster
from rlcg_policy.plans import Plan
from rlcg_policy.processor import default_threads
from rlcg_policy.serving_options import ServingOptions
from rlcg_policy.verdict import Timing, Verdict


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
    assert policy.serving is not None
    inner = policy.serving.runner.session

    class Counting:
        def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            runs.append(1)
            return inner.run(names, inputs)

    policy.serving.runner.session = Counting()
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


def test_threads_are_few() -> None:
    assert 1 <= default_threads() <= 4
