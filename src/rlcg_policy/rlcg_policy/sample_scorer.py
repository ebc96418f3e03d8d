# SPDX-License-Identifier: Apache-2.0
"""What CEM drew for a decision and the score of each sample: for viewers, never for a decision.

The served graph runs once more, with the scores that it ranks as its outputs.
"""

from dataclasses import replace

import numpy as np
import onnx

from rlcg_core.bundle import Bundle
from rlcg_core.cem import ScoredSamples, retrace
from rlcg_core.errors import BundleError, InputError
from rlcg_core.manifest import GraphForm
from rlcg_core.trace import Trace
from rlcg_policy.graphs import form_bytes
from rlcg_policy.plans import Plan
from rlcg_policy.sessions import Session, open_plan

# It runs in the thread of the caller, and with the priority of that.
THREADS = 1


class SampleScorer:
    """Scores the samples of a decision again, on the CPU in the precision that served it.

    A plan of another device may round its own scores otherwise.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Open nothing yet: a graph is opened when it is asked for first."""
        self._bundle = bundle
        self._sessions: dict[str, Session] = {}

    def scored(self, trace: Trace, form: GraphForm) -> ScoredSamples:
        """Return the samples of a decision that ``form`` made.

        Raises `InputError` for another form's decision or one without a search, and `BundleError`
        if the graph cannot tell its scores.
        """
        cem = replace(self._bundle.manifest.cem, iterations=form.iterations, samples=form.samples)
        inputs = {**trace.inputs, "image": trace.observation.image_hwc}
        shape = inputs["noise"].shape if "noise" in inputs else (0, 0, 0)
        if shape != cem.noise_shape:
            raise InputError(
                f"the decision searched {shape} (iterations, samples, variables), expected "
                f"{cem.noise_shape} of {form.file}: another graph made it"
            )
        session = self._session(form)
        fed = {arg.name: inputs[arg.name] for arg in session.get_inputs()}
        try:
            found = session.run(_names(form), fed)
        except Exception as error:  # onnxruntime raises many kinds, none of them public
            raise InputError(f"the scores did not run: {' '.join(str(error).split())}") from error
        scores = np.stack([np.ravel(one) for one in found])
        return retrace(cem, inputs["cem_mean0"], inputs["cem_std0"], inputs["noise"], scores)

    def _session(self, form: GraphForm) -> Session:
        if form.file not in self._sessions:
            graph = with_scores(form_bytes(self._bundle, form), form)
            plan = Plan("cpu", form.precision)
            self._sessions[form.file] = open_plan(graph, plan, THREADS)
        return self._sessions[form.file]


def with_scores(graph: bytes, form: GraphForm) -> bytes:
    """Return a complete graph that outputs the scores of each iteration instead of the choice.

    Each iteration ranks its scores by one TopK. Raises `BundleError` where that is not so.
    """
    model = onnx.load_model_from_string(graph)
    ranked = [node.input[0] for node in model.graph.node if node.op_type == "TopK"]
    if len(ranked) != form.iterations:
        raise BundleError(
            f"{form.file} has {len(ranked)} TopK for {form.iterations} iterations, expected one "
            "for each: its samples cannot be shown"
        )
    del model.graph.output[:]
    for scores, name in zip(ranked, _names(form), strict=True):
        model.graph.node.add(op_type="Identity", input=[scores], output=[name])
        # Its shape is left to ONNX Runtime: graphs hold the scores as a row, a column or a vector.
        value = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        model.graph.output.append(value)
    return bytes(model.SerializeToString())


def _names(form: GraphForm) -> list[str]:
    return [f"scores_{number}" for number in range(form.iterations)]
