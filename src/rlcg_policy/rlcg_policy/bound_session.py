# SPDX-License-Identifier: Apache-2.0
"""A session with fixed buffers on a device: what a captured CUDA graph reads and writes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

DTYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8"}
# A CUDA graph is captured after a few plain runs; they belong to the set-up, not to a frame.
WARM_UP_RUNS = 3


class BoundSession:
    """Runs a session on buffers that never move; inputs are copied in, outputs copied out.

    An output buffer is never bound as an input: runs during capture would feed back into it.
    """

    def __init__(self, session: ort.InferenceSession, device: str, device_id: int = 0) -> None:
        """Allocate on ``device`` ("cuda" or "cpu"), bind, and run until a graph is captured."""
        self.session, self._binding = session, session.io_binding()
        where = (device, device_id)
        self._inputs = {arg.name: _buffer(arg, *where) for arg in session.get_inputs()}
        self._outputs = {arg.name: _buffer(arg, *where) for arg in session.get_outputs()}
        for name, value in self._inputs.items():
            self._binding.bind_ortvalue_input(name, value)
        for name, value in self._outputs.items():
            self._binding.bind_ortvalue_output(name, value)
        for _ in range(WARM_UP_RUNS):
            self._execute()

    def run(
        self, output_names: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]
    ) -> list[npt.NDArray[Any]]:
        """Return the outputs named, as arrays of their own."""
        for name, buffer in self._inputs.items():
            buffer.update_inplace(np.ascontiguousarray(inputs[name]))
        self._execute()
        return [np.array(self._outputs[name].numpy()) for name in output_names]

    def get_providers(self) -> list[str]:
        """Return the session's providers."""
        return list(self.session.get_providers())

    def get_inputs(self) -> list[ort.NodeArg]:
        """Return the session's inputs."""
        return list(self.session.get_inputs())

    def get_outputs(self) -> list[ort.NodeArg]:
        """Return the session's outputs."""
        return list(self.session.get_outputs())

    def _execute(self) -> None:
        self._binding.synchronize_inputs()
        self.session.run_with_iobinding(self._binding)
        self._binding.synchronize_outputs()


def _buffer(arg: ort.NodeArg, device: str, device_id: int) -> ort.OrtValue:
    zeros = np.zeros(arg.shape, DTYPES[arg.type])
    return ort.OrtValue.ortvalue_from_numpy(zeros, device, device_id)
