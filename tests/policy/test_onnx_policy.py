# SPDX-License-Identifier: Apache-2.0
"""The graph served by ONNX Runtime decides as the numpy reference does, frame by frame."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_model
from bundles import CEM
from tiny_views import see

from rlcg_core import cem
from rlcg_core.bundle import Bundle
from rlcg_core.errors import InputError
from rlcg_core.types import Action, Decision, ToolPose
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.processor import default_threads


@pytest.fixture
def policy(tiny: Bundle) -> OnnxPolicy:
    return OnnxPolicy(tiny)


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


def test_threads_are_few() -> None:
    assert 1 <= default_threads() <= 4
