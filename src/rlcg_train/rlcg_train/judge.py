# SPDX-License-Identifier: Apache-2.0
"""What the forms of a bundle cost in Q, on its stored frames."""

from dataclasses import replace

import numpy as np

from rlcg_core import regret, stored_frames
from rlcg_core.bundle import Bundle
from rlcg_core.manifest import GraphForm
from rlcg_core.regret import Regret, same_goal
from rlcg_core.stored_frames import StoredFrame
from rlcg_train.graph_search import GraphSearch
from rlcg_train.seen_frame import Inputs
from rlcg_train.shared_weights import join_bytes


def complete_graph(found: Bundle, form: GraphForm) -> bytes:
    """Return a form's graph with the weights that it shares."""
    if not form.weights_from:
        return found.graphs[form.file]
    return join_bytes(found.graphs[form.file], found.graphs[form.weights_from])


class Judge:
    """Compares forms with the full float32 graph on the frames of one bundle."""

    def __init__(self, found: Bundle) -> None:
        self._bundle = found
        self._inputs = [_inputs(found, frame) for frame in found.frames]
        exact = [form for form in found.manifest.graphs if form.precision == "float32"]
        # Any float32 form gives a sample the same Q; the smallest search is the cheapest.
        cheapest = min(exact, key=lambda form: form.iterations * form.samples)
        self._exact = GraphSearch(found, cheapest, complete_graph(found, cheapest))

    def regret(self, form: GraphForm, graph: bytes) -> Regret:
        """Return the regret of a form, given its complete graph."""
        search, frames = GraphSearch(self._bundle, form, graph), self._bundle.frames
        chosen = [
            search.choose(inputs, frame.noise_seed)
            for inputs, frame in zip(self._inputs, frames, strict=True)
        ]
        return regret.compare(
            [frame.q_value for frame in frames],
            [self._exact.worth(i, choice) for i, choice in zip(self._inputs, chosen, strict=True)],
            [frame.other_q_values for frame in frames],
            [same_goal(f.goal, c.goal) for f, c in zip(frames, chosen, strict=True)],
        )

    def judged(self, form: GraphForm, graph: bytes) -> GraphForm:
        """Return the form with its regret."""
        return replace(form, regret=self.regret(form, graph))


def row(form: GraphForm, found: Regret) -> str:
    """Return one line of the regret table."""
    return (
        f"{form.precision:<8} {form.iterations}x{form.samples:<3} "
        f"regret mean {found.mean:+.4f} p95 {found.p95:+.4f}, other seeds mean "
        f"{found.seed_mean:+.4f} p95 {found.seed_p95:+.4f}, same sample "
        f"{100 * found.same_share:.0f}% of {found.frames} frames"
    )


def _inputs(found: Bundle, frame: StoredFrame) -> Inputs:
    inputs: Inputs = {"image": stored_frames.unpack(frame.image)}
    for name, tensor in found.manifest.inputs.items():
        if name in frame.inputs:
            inputs[name] = np.array(frame.inputs[name], tensor.dtype).reshape(tensor.shape)
    return inputs
