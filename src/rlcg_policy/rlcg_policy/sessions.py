# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime sessions of a plan, proven: a silent fallback to another provider is an error."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt
import onnxruntime as ort

from rlcg_core.errors import BundleError, ConfigError
from rlcg_policy.bound_session import BoundSession
from rlcg_policy.engine_cache import EngineCache
from rlcg_policy.plans import GPU_PROVIDERS, PROVIDERS, Plan
from rlcg_policy.provider_options import provider_list


class Session(Protocol):
    """What a policy needs of a session."""

    def run(
        self, output_names: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]
    ) -> list[npt.NDArray[Any]]:
        """Return the outputs named."""

    def get_providers(self) -> list[str]:
        """Return the providers in use, by their full names."""

    def get_inputs(self) -> list[ort.NodeArg]:
        """Return names, types and shapes of the inputs."""

    def get_outputs(self) -> list[ort.NodeArg]:
        """Return names, types and shapes of the outputs."""


def open_plan(graph: bytes, plan: Plan, threads: int, cache: Path | None = None) -> Session:
    """Return a session of ``graph`` as ``plan`` says, warm where a device needs that.

    ``cache``: folder for engines that take minutes to build, the user's cache if None. Raises
    `ConfigError` for a provider that is not there or does not start, and `BundleError` for a
    graph that the CPU cannot run. The graph is given as bytes, so it can refer to no other file.
    """
    wanted, offered = PROVIDERS[plan.provider], ort.get_available_providers()
    if wanted not in offered:
        raise ConfigError(
            f"provider {plan.provider} is not in this onnxruntime, it offers {offered}: install a "
            "build with it or set provider and plan to auto"
        )
    try:
        session = _open(graph, plan, threads, cache)
    except Exception as error:  # onnxruntime raises many kinds, none of them public
        text = " ".join(str(error).split())[:300]
        if plan.provider == "cpu":
            raise BundleError(f"onnxruntime cannot load the graph: {text}") from error
        raise ConfigError(f"provider {plan.provider} does not start: {text}") from error
    actual = session.get_providers()
    if actual[0] != wanted:
        raise ConfigError(f"provider {plan.provider} was asked for, the session runs on {actual}")
    return session


def node_share(session: Session, plan: Plan) -> float | None:
    """Return the share of a session's nodes that the plan's provider runs, in [0, 1].

    None where this onnxruntime cannot tell (before 1.24).
    """
    inner = session.session if isinstance(session, BoundSession) else session
    describe = getattr(inner, "get_provider_graph_assignment_info", None)
    if describe is None:
        return None
    counts = [(part.ep_name, len(part.get_nodes())) for part in describe()]
    total = sum(count for _, count in counts)
    wanted = PROVIDERS[plan.provider]
    return sum(count for name, count in counts if name == wanted) / total if total else None


def _open(graph: bytes, plan: Plan, threads: int, cache: Path | None) -> Session:
    engines = EngineCache(graph, cache) if plan.provider == "tensorrt" else None
    if engines is not None:
        engines.discard_damaged()
    folder = Path() if engines is None else engines.folder
    providers = provider_list(plan, threads, folder)
    session = ort.InferenceSession(graph, _options(plan, threads), providers=providers)
    if plan.provider not in GPU_PROVIDERS or session.get_providers()[0] != PROVIDERS[plan.provider]:
        plain: Session = session
        return plain
    bound = BoundSession(session, "cuda")
    if engines is not None:
        engines.seal()
    return bound


def _options(plan: Plan, threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Fatal errors only: what else goes wrong comes as an exception and is told in one line.
    options.log_severity_level = 4
    # A spinning pool steals the cores that the simulator and the middleware need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    if plan.provider in GPU_PROVIDERS:
        # A CUDA graph holds the whole network or nothing. OpenVINO leaves small nodes to the CPU.
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    return options
