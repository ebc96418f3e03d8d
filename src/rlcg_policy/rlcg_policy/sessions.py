# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime sessions on a named execution provider, proven; a silent fallback is an error."""

from dataclasses import dataclass

import onnxruntime as ort

from rlcg_core.errors import BundleError, ConfigError

PROVIDERS = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
CHOICES = ("auto", *PROVIDERS)


@dataclass(frozen=True)
class ProviderReport:
    """Which provider was asked for, which one runs, and why better ones do not."""

    requested: str
    actual: str
    attempts: tuple[str, ...] = ()

    @property
    def fell_back(self) -> bool:
        """Whether a provider that this runtime offers was tried in vain."""
        return bool(self.attempts)

    def __str__(self) -> str:
        """Return one line for logs and diagnostics."""
        why = f" after {'; '.join(self.attempts)}" if self.attempts else ""
        return f"{self.actual} (asked for {self.requested}){why}"


def open_session(
    graph: bytes, requested: str, threads: int
) -> tuple[ort.InferenceSession, ProviderReport]:
    """Return a session of ``graph`` on the requested provider, and the proof of it.

    ``auto`` tries what this onnxruntime offers, best first, and reports every failed attempt.
    A provider given by name that is not honoured raises `ConfigError`; a graph that the runtime
    cannot read raises `BundleError`. The graph is given as bytes, so it can refer to no other file.
    """
    if requested not in CHOICES:
        raise ConfigError(f"provider is {requested!r}, expected one of {list(CHOICES)}")
    if requested != "auto":
        return _open(graph, requested, threads), ProviderReport(requested, requested)
    attempts: list[str] = []
    offered = ort.get_available_providers()
    for name in [name for name, full in PROVIDERS.items() if full in offered and name != "cpu"]:
        try:
            return _open(graph, name, threads), ProviderReport("auto", name, tuple(attempts))
        except ConfigError as error:
            attempts.append(f"{name}: {error}")
    return _open(graph, "cpu", threads), ProviderReport("auto", "cpu", tuple(attempts))


def _open(graph: bytes, name: str, threads: int) -> ort.InferenceSession:
    wanted, offered = PROVIDERS[name], ort.get_available_providers()
    if wanted not in offered:
        raise ConfigError(
            f"provider {name} is not in this onnxruntime, it offers {offered}: install a build "
            "with it or set provider to auto or cpu"
        )
    try:
        session = ort.InferenceSession(graph, _options(threads), providers=[wanted])
    except Exception as error:  # onnxruntime raises many kinds, none of them public
        text = " ".join(str(error).split())[:300]
        if name == "cpu":
            raise BundleError(f"onnxruntime cannot load the graph: {text}") from error
        raise ConfigError(f"provider {name} does not start: {text}") from error
    actual = session.get_providers()
    if actual[0] != wanted:
        raise ConfigError(f"provider {name} was asked for, the session runs on {actual}")
    return session


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    # A spinning pool steals the cores that the simulator and the middleware need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
