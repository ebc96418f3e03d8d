# SPDX-License-Identifier: Apache-2.0
"""`rlcg_core.ports.Policy` over ONNX Runtime: one ``session.run`` per frame, CEM in the graph."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from rlcg_core import golden, rule
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError, InputError
from rlcg_core.manifest import Tensor
from rlcg_core.types import Action, Decision, Observation, ToolPose
from rlcg_policy.bound_session import DTYPES
from rlcg_policy.processor import default_threads
from rlcg_policy.sessions import open_session

Arrays = dict[str, npt.NDArray[Any]]


class OnnxPolicy:
    """Serves a verified bundle; verified again here by replaying its golden vectors.

    While the rule closes, lifts and ends, no goal is needed and the graph is not run; every other
    frame costs exactly one run. ``provider``: the proof of what executes the graph.
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

    def decide(self, observation: Observation) -> Decision:
        """Return the decision; raises `InputError` if the graph's answer is not finite."""
        network_ran = self._memory.needs_goal
        if network_ran:
            self._outputs = self._infer(observation)
        outputs, parameters = self._outputs, self.manifest.rule
        if parameters is None:
            return _decision(outputs, Action.from_array(outputs["action"]), "servo", None)
        goal = self._memory.goal
        if self._memory.needs_goal:
            goal = rule.goal_pose(outputs["goal"], observation, parameters)
        action, self._memory = rule.step(self._memory, parameters, observation, goal)
        decision = _decision(outputs, action, self._memory.phase.value, goal)
        return replace(decision, network_ran=network_ran)

    def _infer(self, observation: Observation) -> Arrays:
        """Run the graph on a frame."""
        outputs = self._run(self._inputs(observation))
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
