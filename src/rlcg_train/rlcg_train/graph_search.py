# SPDX-License-Identifier: Apache-2.0
"""A bundle's graph in ONNX Runtime on the CPU: what it chooses, what Q it gives a choice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnxruntime

from rlcg_core import regret, spec
from rlcg_core.bundle import Bundle
from rlcg_core.golden import pattern_noise
from rlcg_core.manifest import GraphForm
from rlcg_train.seen_frame import Inputs

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Choice:
    """The sample that a search chose, and the Q that the graph gave it.

    ``commands``: close, open, terminate, as given.
    """

    goal: Numbers
    q_value: float
    commands: tuple[bool, ...] = ()


class GraphSearch:
    """Runs one graph, by one thread so that the same frame gives the same answer everywhere."""

    def __init__(self, bundle: Bundle, form: GraphForm, graph: bytes) -> None:
        """``graph`` is the complete graph of ``form``."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
        self.noise_shape = (form.iterations, form.samples, len(bundle.manifest.cem.variables))

    def choose(self, inputs: Inputs, noise_seed: int) -> Choice:
        """Return the choice of a search with a seed's noise; ``inputs`` needs no noise."""
        return self._run({**inputs, "noise": pattern_noise(noise_seed, self.noise_shape)})

    def q_of(self, inputs: Inputs, goal: Numbers) -> float:
        """Return Q of a sample: a search that begins there and does not stray."""
        return self._at(inputs, goal).q_value

    def worth(self, inputs: Inputs, other: Choice) -> float:
        """Return Q of what another graph chose, see `regret.worth`."""
        found = self._at(inputs, other.goal)
        return regret.worth((found.q_value, found.commands), (other.q_value, other.commands))

    def _at(self, inputs: Inputs, goal: Numbers) -> Choice:
        still: npt.NDArray[np.float32] = np.zeros(self.noise_shape, np.float32)
        mean0 = np.array(goal, np.float32)
        return self._run({**inputs, "cem_mean0": mean0, "noise": still})

    def _run(self, inputs: Inputs) -> Choice:
        goal, q_value, action = self._session.run(["goal", "q", "action"], inputs)
        numbers = tuple(np.ravel(goal).astype(float).tolist())
        return Choice(numbers, float(q_value), spec.commands_of(action))
