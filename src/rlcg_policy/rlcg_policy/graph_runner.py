# SPDX-License-Identifier: Apache-2.0
"""One graph of a bundle, opened: its tensors checked, its golden vectors and frames replayed."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from rlcg_core import golden, regret, spec, stored_frames
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError, InputError
from rlcg_core.manifest import GraphForm, Tensor
from rlcg_core.stored_frames import StoredFrame
from rlcg_policy.bound_session import DTYPES
from rlcg_policy.graphs import form_bytes
from rlcg_policy.plans import Plan
from rlcg_policy.sessions import Session, open_plan
from rlcg_policy.verdict import Answer

Arrays = dict[str, npt.NDArray[Any]]


class GraphRunner:
    """Runs one form of a bundle's graph; ``run_ms``: how long the last run took [wall ms]."""

    def __init__(self, bundle: Bundle, form: GraphForm, session: Session) -> None:
        """Raise `BundleError` unless the session has exactly the manifest's tensors."""
        self._manifest, self._golden, self.session = bundle.manifest, bundle.golden, session
        variables = len(bundle.manifest.cem.variables)
        self.noise_shape = (form.iterations, form.samples, variables)
        noise = replace(bundle.manifest.inputs["noise"], shape=self.noise_shape)
        self._inputs = {**bundle.manifest.inputs, "noise": noise}
        _check_tensors("inputs", session.get_inputs(), self._inputs)
        _check_tensors("outputs", session.get_outputs(), bundle.manifest.outputs)
        self._output_names = list(bundle.manifest.outputs)
        self.run_ms = 0.0

    def feed(self, values: Mapping[str, npt.ArrayLike]) -> Arrays:
        """Return the graph's inputs out of ``values``, which may hold more."""
        return {name: np.asarray(values[name], t.dtype) for name, t in self._inputs.items()}

    def run(self, values: Mapping[str, npt.ArrayLike]) -> Arrays:
        """Return the outputs by name; ``values`` as for `feed`.

        Raises `InputError` if the runtime does not run it.
        """
        inputs = self.feed(values)
        begun_s = time.perf_counter()
        try:
            outputs = self.session.run(self._output_names, inputs)
        except Exception as error:  # onnxruntime raises many kinds, none of them public
            raise InputError(f"the model did not run: {' '.join(str(error).split())}") from error
        self.run_ms = 1e3 * (time.perf_counter() - begun_s)
        return dict(zip(self._output_names, outputs, strict=True))

    def replay(self) -> None:
        """Compare with the golden vectors, which are of the full search; raises `BundleError`."""
        for index in range(len(self._golden.cases)):
            golden.compare(self._golden, index, self.run(self.golden_inputs(index)))

    def golden_inputs(self, index: int) -> Arrays:
        """Return the inputs of a golden case, with noise for this graph's search."""
        case = self._golden.cases[index]
        image = golden.pattern_image(case.image_seed)
        return self._complete(f"golden case {index}", image, case.inputs, case.noise_seed)

    def frame_inputs(self, frame: StoredFrame) -> Arrays:
        """Return the inputs of a stored frame, with noise for this graph's search."""
        image = stored_frames.unpack(frame.image)
        return self._complete("a stored frame", image, frame.inputs, frame.noise_seed)

    def answer(self, inputs: Arrays) -> Answer:
        """Return what the graph chooses; raises `InputError` as `run` and `check_answer` do."""
        outputs = self.run(inputs)
        check_answer(outputs)
        goal = tuple(float(number) for number in outputs["goal"].ravel())
        commands = spec.commands_of(outputs["action"])
        return Answer(goal, float(outputs["q"]), commands)

    def score(self, inputs: Arrays, goal: tuple[float, ...]) -> float:
        """Return Q of one sample: a search that begins there, without noise, goes nowhere else."""
        return self._at(inputs, goal).q_value

    def worth(self, inputs: Arrays, other: Answer) -> float:
        """Return Q of what another graph chose, see `regret.worth`."""
        found = self._at(inputs, other.goal)
        return regret.worth((found.q_value, found.commands), (other.q_value, other.commands))

    def _at(self, inputs: Arrays, goal: tuple[float, ...]) -> Answer:
        still = {"cem_mean0": np.array(goal), "noise": np.zeros(self.noise_shape)}
        return self.answer({**inputs, **still})

    def _complete(
        self,
        what: str,
        image: npt.NDArray[np.uint8],
        numbers: Mapping[str, tuple[float, ...]],
        noise_seed: int,
    ) -> Arrays:
        values: Arrays = {"image": image}
        values["noise"] = golden.pattern_noise(noise_seed, self.noise_shape)
        for name, tensor in self._inputs.items():
            if name in values:
                continue
            if len(numbers.get(name, ())) != int(np.prod(tensor.shape)):
                raise BundleError(f"{what}: input {name} does not fit the graph")
            values[name] = np.array(numbers[name], tensor.dtype).reshape(tensor.shape)
        return values


def check_answer(outputs: Arrays) -> None:
    """Raise `InputError` unless all outputs are finite and some sample had a finite score."""
    # One look at all numbers; which output it was only matters for the message.
    if not np.isfinite(np.concatenate([value.ravel() for value in outputs.values()])).all():
        bad = next(name for name, value in outputs.items() if not np.isfinite(value).all())
        raise InputError(f"the model's {bad} is not finite: is the image a picture?")
    # The graph ranks a score that is not finite last, with a logit whose sigmoid is zero.
    if float(outputs["q"]) == 0.0:
        raise InputError("the model's Q is exactly 0, so no sample had a finite score")


def open_form(bundle: Bundle, form: GraphForm, plan: Plan, threads: int) -> GraphRunner:
    """Return a form opened as ``plan`` says; raises `BundleError` or `ConfigError`."""
    return GraphRunner(bundle, form, open_plan(form_bytes(bundle, form), plan, threads))


def _check_tensors(kind: str, found: list[ort.NodeArg], expected: dict[str, Tensor]) -> None:
    """Raise `BundleError` unless the graph has exactly the manifest's names, types and shapes."""
    graph = {arg.name: Tensor(DTYPES.get(arg.type, arg.type), tuple(arg.shape)) for arg in found}
    for name in sorted({*graph, *expected}):
        if graph.get(name) != expected.get(name):
            raise BundleError(
                f"graph {kind}.{name} is {graph.get(name)}, the manifest says "
                f"{expected.get(name)}: export the model again"
            )
