# SPDX-License-Identifier: Apache-2.0
"""`rlcg_core.ports.Policy` over ONNX Runtime: one ``session.run`` per frame, CEM in the graph."""

from dataclasses import replace
from typing import Any

import numpy as np

from rlcg_core import rule
from rlcg_core.bundle import Bundle
from rlcg_core.cem import ScoredSamples
from rlcg_core.errors import ConfigError, InputError, RlcgError
from rlcg_core.trace import Trace
from rlcg_core.types import Action, Decision, Observation, ToolPose
from rlcg_policy.graph_runner import Arrays, check_answer
from rlcg_policy.plan_roster import PlanRoster, Serving
from rlcg_policy.sample_scorer import SampleScorer
from rlcg_policy.serving_options import ServingOptions
from rlcg_policy.warm_start import WarmStart

DEFAULTS = ServingOptions()


class OnnxPolicy:
    """Serves a verified bundle by the plan that `PlanRoster` chooses.

    While the rule closes, lifts and ends, no goal is needed and the graph is not run; every other
    frame costs exactly one run. ``run_ms``: how long it took for the last decision, 0 without one.
    ``plans``: what is known about each plan. ``serving``: the one in use, None after it failed.
    ``trace``: the newest decision with its causes.
    """

    def __init__(
        self,
        bundle: Bundle,
        options: ServingOptions = DEFAULTS,
        roster: PlanRoster | None = None,
    ) -> None:
        """Choose, open, check and warm up; raises `BundleError` or `ConfigError`."""
        self.manifest = bundle.manifest
        if options.warm_start and bundle.manifest.rule is not None:
            raise ConfigError(
                f"warm_start is for models without a rule; {bundle.manifest.name} has one, which "
                "searches near its last goal by itself: set warm_start to false"
            )
        self._scorer = SampleScorer(bundle)
        self._warm = WarmStart(bundle.manifest.cem_start, options.warm_start)
        self.plans = roster or PlanRoster(bundle, options)
        self.serving: Serving | None = self.plans.open_best()
        self.run_ms = 0.0
        self.reset(0)

    def refusal(self) -> str:
        """Return why no episode can begin, empty if one can; opens the next plan after a fault."""
        try:
            self.serving = self.serving or self.plans.open_best()
        except RlcgError as error:
            return f"{error}: mend that and configure the node again"
        return ""

    def reset(self, seed: int) -> None:
        """Begin an episode; ``seed`` fixes the noise of all its decisions.

        After a fault the next plan is opened; `decide` raises where none is left.
        """
        self.refusal()
        self._rng = np.random.default_rng(seed)
        self._memory = rule.RuleMemory()
        self._warm.reset()
        self._outputs: Arrays = {}
        self.trace: Trace | None = None

    def decide(self, observation: Observation) -> Decision:
        """Return the decision; raises `InputError` if the graph fails or answers no numbers."""
        before, self.run_ms = self._memory, 0.0
        inputs = self._inputs(observation) if before.needs_goal else {}
        if inputs:
            self._outputs = self._infer(inputs)
        decision, self._memory = self._answer(observation, before, self._outputs)
        if self.manifest.rule is None:
            self._warm.note(self._outputs["goal"], decision.action)
        self.trace = Trace(observation, before, inputs, decision)
        return decision

    def repeat(self, trace: Trace) -> Decision:
        """Return the decision of a recorded trace again; a running episode is left alone.

        Where the network did not run, Q and CEM are those of the trace. Raises `InputError`.
        """
        before = trace.decision
        q_value = np.array(before.q_value)
        outputs: Arrays = {"q": q_value, "mean": before.cem_mean, "std": before.cem_std}
        if trace.inputs:
            outputs = self._infer({**trace.inputs, "image": trace.observation.image_hwc})
        return self._answer(trace.observation, trace.memory, outputs)[0]

    def explain(self, trace: Trace) -> ScoredSamples:
        """Return what CEM drew for a decision of the present plan, with the Q of each sample.

        It searches once more, in a session of its own, which the first call opens; any thread may
        ask. Raises `BundleError` and `InputError`.
        """
        return self._scorer.scored(trace, self._serving_now().form)

    def _answer(
        self, observation: Observation, memory: rule.RuleMemory, outputs: Arrays
    ) -> tuple[Decision, rule.RuleMemory]:
        """Return what follows from the graph's answer, and what the rule remembers."""
        parameters, goal = self.manifest.rule, memory.goal
        if parameters is None:
            action = Action.from_array(outputs["action"])
            return _decision(outputs, action, "servo", None), memory
        if memory.needs_goal:
            goal = rule.goal_pose(outputs["goal"], observation, parameters)
        action, after = rule.step(memory, parameters, observation, goal)
        decision = _decision(outputs, action, after.phase.value, goal)
        return replace(decision, network_ran=memory.needs_goal), after

    def _serving_now(self) -> Serving:
        if self.serving is None:
            raise InputError("no plan is left to decide with: configure the node again")
        return self.serving

    def _infer(self, inputs: Arrays) -> Arrays:
        """Run the graph; a plan whose run fails is never used again."""
        serving = self._serving_now()
        try:
            outputs = serving.runner.run(inputs)
        except InputError as error:
            self.plans.refuse(serving.plan, f"it failed in an episode: {error}")
            self.serving = None
            raise
        self.run_ms = serving.runner.run_ms
        check_answer(outputs)
        return outputs

    def _inputs(self, observation: Observation) -> Arrays:
        """Return what the graph is fed with."""
        runner = self._serving_now().runner
        mean0, std0 = self._warm.begin()
        if self.manifest.rule is not None:
            mean0, std0 = rule.cem_start(self._memory, self.manifest.rule, mean0, std0)
        tool = observation.tool_pose
        everything: dict[str, Any] = {
            "image": observation.image_hwc,
            "state": (float(observation.gripper_closed), observation.height_above_tray_m),
            "tool_pose": (*tool.position_m, tool.yaw_rad),
            "projection": observation.projection_base_to_px,
            "cem_mean0": mean0,
            "cem_std0": std0,
            "noise": self._rng.standard_normal(runner.noise_shape, dtype=np.float32),
        }
        return runner.feed(everything)


def _decision(outputs: Arrays, action: Action, phase: str, goal: ToolPose | None) -> Decision:
    return Decision(
        action=action,
        q_value=float(outputs["q"]),
        cem_mean=np.asarray(outputs["mean"], dtype=np.float64),
        cem_std=np.asarray(outputs["std"], dtype=np.float64),
        phase=phase,
        goal=goal,
    )
