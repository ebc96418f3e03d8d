# SPDX-License-Identifier: Apache-2.0
"""Sessions do what their plan says or refuse: providers, bound buffers, engine cache."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tiny_forms
import tiny_model

from rlcg_core.errors import BundleError, ConfigError
from rlcg_policy import engine_cache, plans
from rlcg_policy.bound_session import WARM_UP_RUNS, BoundSession
from rlcg_policy.engine_cache import EngineCache
from rlcg_policy.plans import CPU_FLOAT32, PROVIDERS
from rlcg_policy.provider_options import provider_list
from rlcg_policy.sessions import node_share, open_plan

NAMES = ["goal", "q", "mean"]


@pytest.fixture(scope="module")
def graph() -> bytes:
    return bytes(tiny_model.graph().SerializeToString())


def test_the_cpu_is_proven_down_to_the_nodes(graph: bytes) -> None:
    session = open_plan(graph, CPU_FLOAT32, 1)
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert node_share(session, CPU_FLOAT32) in (1.0, None)
    assert node_share(session, plans.named("cuda-float32")) in (0.0, None)


def test_a_provider_that_is_not_there_is_an_error(graph: bytes) -> None:
    offered = onnxruntime.get_available_providers()
    absent = [plan for plan in plans.ALL if PROVIDERS[plan.provider] not in offered]
    assert absent, "this machine's onnxruntime has every provider"
    for plan in absent:
        with pytest.raises(ConfigError, match=f"provider {plan.provider} is not in this onnxrunt"):
            open_plan(graph, plan, 1)


@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.parametrize("name", ["cuda-float32", "tensorrt-float16", "openvino-bfloat16"])
def test_a_silent_fallback_to_the_cpu_is_an_error(
    graph: bytes, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plans.named(name)
    offered = [*onnxruntime.get_available_providers(), PROVIDERS[plan.provider]]
    if PROVIDERS[plan.provider] in onnxruntime.get_available_providers():
        pytest.skip(f"this machine's onnxruntime has {plan.provider}")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
    with pytest.raises(ConfigError, match=f"provider {plan.provider} (was asked for|does not st)"):
        open_plan(graph, plan, 1, tmp_path)


def test_an_operator_that_the_runtime_lacks_is_named() -> None:
    with pytest.raises(BundleError, match=r"onnxruntime cannot load the graph: .*Teleport"):
        open_plan(tiny_forms.with_unknown_operator().SerializeToString(), CPU_FLOAT32, 1)


def test_bound_buffers_give_what_the_session_gives(graph: bytes) -> None:
    plain = open_plan(graph, CPU_FLOAT32, 1)
    bound = BoundSession(plain, "cpu")
    first, second = (tiny_forms.example_inputs(seed=seed) for seed in (1, 2))
    kept = bound.run(NAMES, first)
    for inputs in (second, first, second):
        found = bound.run(NAMES, inputs)
        for one, other in zip(found, plain.run(NAMES, inputs), strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(kept, plain.run(NAMES, first), strict=True):
        np.testing.assert_array_equal(one, other, "an answer was overwritten by a later run")


class Recording:
    """A session that notes how it is run."""

    def __init__(self, inner: onnxruntime.InferenceSession) -> None:
        self.inner, self.bindings = inner, []

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def run_with_iobinding(self, binding: onnxruntime.IOBinding) -> None:
        self.bindings.append(binding)
        self.inner.run_with_iobinding(binding)


def test_buffers_never_move_and_are_warm_before_the_first_frame(graph: bytes) -> None:
    session = Recording(open_plan(graph, CPU_FLOAT32, 1))
    bound = BoundSession(session, "cpu")
    assert len(session.bindings) == WARM_UP_RUNS
    places = {n: b.data_ptr() for n, b in (bound._inputs | bound._outputs).items()}
    assert len(set(places.values())) == len(places), "an output is bound as an input"
    bound.run(NAMES, tiny_forms.example_inputs())
    assert len(session.bindings) == WARM_UP_RUNS + 1
    assert len({id(binding) for binding in session.bindings}) == 1
    assert places == {n: b.data_ptr() for n, b in (bound._inputs | bound._outputs).items()}


def test_options_are_what_each_provider_takes(tmp_path: Path) -> None:
    cuda, tensorrt = plans.named("cuda-float32"), plans.named("tensorrt-float16")
    assert provider_list(cuda, 1, tmp_path)[0][1] == {"enable_cuda_graph": "1", "use_tf32": "0"}
    options = provider_list(tensorrt, 1, tmp_path)[0][1]
    assert options["trt_fp16_enable"] == options["trt_cuda_graph_enable"] == "1"
    assert options["trt_engine_cache_path"] == str(tmp_path)
    exact = provider_list(plans.named("tensorrt-float32"), 1, tmp_path)[0][1]
    assert exact["trt_fp16_enable"] == "0"
    hints = {"openvino-float32": "f32", "openvino-bfloat16": "bf16", "openvino-int8": "f32"}
    for name, hint in hints.items():
        options = provider_list(plans.named(name), 3, tmp_path)[0][1]
        assert options["num_of_threads"] == "3"
        device = json.loads(options["load_config"])["CPU"]
        assert device["INFERENCE_PRECISION_HINT"] == hint


def test_an_engine_stays_only_while_it_is_what_a_session_ran_on(tmp_path: Path) -> None:
    engines = EngineCache(b"graph", tmp_path)
    engine, timing = engines.folder / "a.engine", engines.folder / "a.timing"
    for path in (engine, timing):
        path.write_bytes(path.name.encode())
    engines.seal()
    EngineCache(b"graph", tmp_path).discard_damaged()
    assert engine.is_file()
    assert timing.is_file()
    engine.write_bytes(b"cut sho")
    EngineCache(b"graph", tmp_path).discard_damaged()
    assert not engine.exists()
    assert not timing.exists()


def test_an_engine_of_a_session_that_never_ran_is_not_left_for_the_next(tmp_path: Path) -> None:
    engines = EngineCache(b"graph", tmp_path)
    (engines.folder / "half.engine").write_bytes(b"half")
    (engines.folder / engine_cache.SEAL).write_text("no json")
    engines.discard_damaged()
    assert not (engines.folder / "half.engine").exists()


def test_engines_of_another_graph_version_or_gpu_lie_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [EngineCache(b"graph", tmp_path).folder, EngineCache(b"other", tmp_path).folder]
    monkeypatch.setattr(engine_cache, "gpu_name", lambda: "a GPU, 580.1")
    folders.append(EngineCache(b"graph", tmp_path).folder)
    monkeypatch.setattr(onnxruntime, "__version__", "9.9.9")
    folders.append(EngineCache(b"graph", tmp_path).folder)
    assert len(set(folders)) == 4


def test_an_engine_cache_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tensorrt").write_text("in the way")
    with pytest.raises(ConfigError, match="set XDG_CACHE_HOME"):
        EngineCache(b"graph", tmp_path)
