# SPDX-License-Identifier: Apache-2.0
"""What a viewer is shown of a search is what the policy's search did."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_model
from episodes_bench import observation

from rlcg_core import bundle
from rlcg_core.bundle import Bundle
from rlcg_core.cem import ScoredSamples
from rlcg_core.errors import BundleError, InputError
from rlcg_core.trace import Trace
from rlcg_policy.graph_runner import open_form
from rlcg_policy.graphs import form_bytes
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.plan_roster import Serving
from rlcg_policy.plans import forms, named
from rlcg_policy.sample_scorer import SampleScorer, with_scores
from rlcg_policy.serving_options import ServingOptions

MODELS = Path(__file__).resolve().parents[2] / "models"
CPU = ServingOptions(plan="cpu-float32", threads=1)
# The graph computes in float32.
ROUNDING = 1e-5


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


def decided(loaded: Bundle, plan: str = "cpu-float32") -> tuple[OnnxPolicy, Trace]:
    """Return a policy that decided once by a plan, which is not measured before."""
    policy = OnnxPolicy(loaded, CPU)
    if plan != CPU.plan:
        form = forms(loaded, named(plan))[0]
        runner = open_form(loaded, form, named(plan), threads=1)
        policy.serving = Serving(named(plan), form, runner)
    policy.reset(5)
    policy.decide(observation(0, 1.0))
    assert policy.trace is not None
    return policy, policy.trace


def best_shown(drawn: ScoredSamples) -> tuple[np.ndarray, float]:
    """Return the sample of the highest Q and that Q."""
    best = np.unravel_index(np.argmax(drawn.logits), drawn.logits.shape)
    return drawn.samples[best], float(drawn.q_values[best])


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("robot1_grasp_success", "cpu-float32"),
        ("robot1_grasp_success", "cpu-int8"),
        ("robot1_qt_opt_distilled", "cpu-float32"),
    ],
)
def test_the_chosen_goal_is_the_best_of_the_samples_shown(name: str, plan: str) -> None:
    loaded = bundle.load(MODELS / name)
    policy, trace = decided(loaded, plan)
    drawn = policy.explain(trace)
    cem, decision = loaded.manifest.cem, trace.decision
    assert drawn.samples.shape == cem.noise_shape
    sample, q_value = best_shown(drawn)
    assert q_value == pytest.approx(decision.q_value, abs=1e-4)
    if decision.goal is not None:
        assert sample[:2] == pytest.approx(decision.goal.position_m[:2], abs=1e-4)
        turns = (sample[2] - decision.goal.yaw_rad) / np.pi
        assert turns == pytest.approx(round(turns), abs=1e-4)
    np.testing.assert_allclose(drawn.result.mean, decision.cem_mean, atol=1e-4)
    np.testing.assert_allclose(drawn.result.std, decision.cem_std, atol=1e-4)


def test_every_sample_has_the_score_that_the_network_gives_it(tiny: Bundle) -> None:
    policy, trace = decided(tiny)
    drawn = policy.explain(trace)
    for samples, logits in zip(drawn.samples, drawn.logits, strict=True):
        expected = tiny_model.logits(trace.observation.image_hwc, samples)
        np.testing.assert_allclose(logits, expected, rtol=ROUNDING, atol=1e-4)


def test_explaining_leaves_a_running_episode_alone(tiny: Bundle) -> None:
    alone, _ = decided(tiny)
    watched, trace = decided(tiny)
    watched.explain(trace)
    seen = observation(1, 2.0)
    assert alone.decide(seen).cem_mean.tobytes() == watched.decide(seen).cem_mean.tobytes()


def test_a_decision_of_another_search_or_of_none_is_refused(tiny: Bundle) -> None:
    _, trace = decided(tiny)
    scorer, form = SampleScorer(tiny), tiny.manifest.graphs[0]
    with pytest.raises(InputError, match="another graph made it"):
        scorer.scored(trace, replace(form, samples=form.samples - 1))
    with pytest.raises(InputError, match=r"searched \(0, 0, 0\)"):
        scorer.scored(replace(trace, inputs={}), form)


def test_a_graph_that_ranks_in_another_way_shows_no_samples(tiny: Bundle) -> None:
    form = tiny.manifest.graphs[0]
    model = onnx.load_model_from_string(form_bytes(tiny, form))
    next(node for node in model.graph.node if node.op_type == "TopK").op_type = "Unknown"
    with pytest.raises(BundleError, match=r"expected one for each: its samples cannot be shown"):
        with_scores(model.SerializeToString(), form)


def test_no_session_is_opened_before_somebody_asks(
    tiny: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr("rlcg_policy.sample_scorer.open_plan", lambda *given: opened.append(given))
    decided(tiny)
    assert opened == []
