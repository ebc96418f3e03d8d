# SPDX-License-Identifier: Apache-2.0
"""`rlcg_core.ports.Policy` over ONNX Runtime: one ``session.run`` per frame, CEM in the graph."""

import os
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from rlcg_core import golden, rule
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError, InputError
from rlcg_core.manifest import Tensor
from rlcg_core.trace import Trace
from rlcg_core.types import Action, Decision, Observation, ToolPose
from rlcg_policy.sessions import open_session

Arrays = dict[str, npt.NDArray[Any]]

DTYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8"}


def default_threads() -> int:
    """Return min(4, cores): more only get in each other's way on these small graphs."""
    return min(4, len(os.sched_getaffinity(0)))


class OnnxPolicy:
    """Serves a verified bundle; verified again here by replaying its golden vectors.

    While the rule closes, lifts and ends, no goal is needed and the graph is not run; every other
    frame costs exactly one run. ``provider``: the proof of what executes the graph. ``trace``: the
    newest decision with its causes.
    """

    def __init__(self, bundle: Bundle, provider: str = "auto", threads: int = 0) -> None:
        """Open, check and warm up; ``threads`` 0 means `default_threads`. Raises `BundleError`."""
        self.manifest = bundle.manifest
        self._session, self.provider = open_session(
            bundle.graph_bytes, provider, threads or default_threads()
        )
        _check_tensors("inputs", self._session.get_inputs(), self.manifest.inputs)
        _check_tensors("outputs", self._session.get_outputs(), self.manifest.outputs)
        self._output_names = list(self.manifest.outputs)
        self._replay(bundle.golden)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Begin an episode; ``seed`` fixes the noise of all its decisions."""
        self._rng = np.random.default_rng(seed)
        self._memory = rule.RuleMemory()
        self._outputs: Arrays = {}
        self.trace: Trace | None = None

    def decide(self, observation: Observation) -> Decision:
        """Return the decision; raises `InputError` if the graph's answer is not finite."""
        before = self._memory
        inputs = self._inputs(observation) if before.needs_goal else {}
        if inputs:
            self._outputs = self._infer(inputs)
        decision, self._memory = self._answer(observation, before, self._outputs)
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
            fed = {**trace.inputs, "image": np.ascontiguousarray(trace.observation.image_hwc)}
            outputs = self._infer({n: np.asarray(fed[n]) for n in self.manifest.inputs})
        return self._answer(trace.observation, trace.memory, outputs)[0]

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

    def _infer(self, inputs: Arrays) -> Arrays:
        """Run the graph on a frame."""
        outputs = self._run(inputs)
        for name, value in outputs.items():
            if not np.all(np.isfinite(value)):
                raise InputError(f"the model's {name} is not finite: is the image a picture?")
        return outputs

    def _inputs(self, observation: Observation) -> Arrays:
        start = self.manifest.cem_start
        mean0: npt.ArrayLike = start.mean0
        std0: npt.ArrayLike = start.std0
        if self.manifest.rule is not None:
            mean0, std0 = rule.cem_start(self._memory, self.manifest.rule, mean0, std0)
        tool = observation.tool_pose
        state = [float(observation.gripper_closed), observation.height_above_tray_m]
        everything: dict[str, Any] = {
            "image": np.ascontiguousarray(observation.image_hwc),
            "state": state,
            "tool_pose": [*tool.position_m, tool.yaw_rad],
            "projection": observation.projection_base_to_px,
            "cem_mean0": mean0,
            "cem_std0": std0,
            "noise": self._rng.standard_normal(self.manifest.cem.noise_shape, dtype=np.float32),
        }
        return {n: np.asarray(everything[n], t.dtype) for n, t in self.manifest.inputs.items()}

    def _run(self, inputs: Arrays) -> Arrays:
        try:
            values = self._session.run(self._output_names, inputs)
        except Exception as error:  # onnxruntime raises many kinds, none of them public
            raise InputError(f"the model did not run: {' '.join(str(error).split())}") from error
        return dict(zip(self._output_names, values, strict=True))

    def _replay(self, vectors: golden.Golden) -> None:
        """Compare the runtime's answers with the recorded ones; warms the session up as well."""
        for index, case in enumerate(vectors.cases):
            inputs: Arrays = {
                "image": golden.pattern_image(case.image_seed),
                "noise": golden.pattern_noise(case.noise_seed, self.manifest.cem.noise_shape),
            }
            for name, numbers in case.inputs.items():
                tensor = self.manifest.inputs.get(name)
                if tensor is None or len(numbers) != int(np.prod(tensor.shape)):
                    raise BundleError(f"golden case {index}: input {name} does not fit the graph")
                inputs[name] = np.array(numbers, tensor.dtype).reshape(tensor.shape)
            golden.compare(vectors, index, self._run(inputs))


def _decision(outputs: Arrays, action: Action, phase: str, goal: ToolPose | None) -> Decision:
    return Decision(
        action=action,
        q_value=float(outputs["q"]),
        cem_mean=np.asarray(outputs["mean"], dtype=np.float64),
        cem_std=np.asarray(outputs["std"], dtype=np.float64),
        phase=phase,
        goal=goal,
    )


def _check_tensors(kind: str, found: list[ort.NodeArg], expected: dict[str, Tensor]) -> None:
    """Raise `BundleError` unless the graph has exactly the manifest's names, types and shapes."""
    graph = {arg.name: Tensor(DTYPES.get(arg.type, arg.type), tuple(arg.shape)) for arg in found}
    for name in sorted({*graph, *expected}):
        if graph.get(name) != expected.get(name):
            raise BundleError(
                f"graph {kind}.{name} is {graph.get(name)}, the manifest says "
                f"{expected.get(name)}: export the model again"
            )
