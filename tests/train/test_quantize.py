# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from small_network import drawn_frame

from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError
from rlcg_core.stored_frames import pack
from rlcg_policy.graphs import form_bytes
from rlcg_train import episodes, frames, quantize, quantized
from rlcg_train.cli import main
from rlcg_train.graph_search import GraphSearch
from rlcg_train.judge import Judge
from rlcg_train.seen_frame import graph_inputs

EPISODES = [[drawn_frame(10 * e + k) for k in range(2)] for e in range(3)]


@pytest.fixture(scope="module")
def quantized_bundle(exported: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("quantized")
    for path in exported.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return quantize.quantize(folder, EPISODES, "drawn")


def test_every_search_has_an_int8_form_with_its_regret(quantized_bundle: Bundle) -> None:
    forms = [f for f in quantized_bundle.manifest.graphs if f.precision == "int8"]
    assert [(f.file, f.weights_from) for f in forms] == [
        ("policy_int8.onnx", ""),
        ("policy_int8_2x32.onnx", "policy_int8.onnx"),
        ("policy_int8_1x32.onnx", "policy_int8.onnx"),
    ]
    judge = Judge(quantized_bundle)
    for form in forms:
        assert form.regret == judge.regret(form, form_bytes(quantized_bundle, form))
        assert form.regret.frames == len(quantized_bundle.frames) == 2


def test_regret_is_in_the_exact_q_not_in_that_of_the_judged(quantized_bundle: Bundle) -> None:
    full, form = (
        next(f for f in quantized_bundle.manifest.graphs if f.precision == precision)
        for precision in ("float32", "int8")
    )
    exact, fast = (
        GraphSearch(quantized_bundle, f, quantized_bundle.graphs[f.file]) for f in (full, form)
    )
    regrets = []
    for frame in quantized_bundle.frames:
        seen = next(seen for e in EPISODES for seen in e if pack(seen.image_hwc) == frame.image)
        noise = np.zeros(exact.noise_shape, np.float32)
        inputs = graph_inputs(quantized_bundle.manifest, seen, noise)
        chosen = fast.choose(inputs, frame.noise_seed)
        regrets.append(
            exact.choose(inputs, frame.noise_seed).q_value - exact.q_of(inputs, chosen.goal)
        )
        assert exact.q_of(inputs, chosen.goal) != chosen.q_value
    assert form.regret is not None
    assert form.regret.mean == pytest.approx(np.mean(regrets), abs=1e-6)


def test_frames_that_judge_are_not_those_that_calibrate(model: Bundle) -> None:
    calibrating, judging = quantize._shares(model, [list(e) for e in EPISODES])
    held = {frame.image_hwc.tobytes() for frame in judging}
    assert len(held) == 2
    assert not held & {frame.image_hwc.tobytes() for frame in calibrating}
    stored = frames.store(model, EPISODES[0][:1], "drawn", 1)
    assert [len(part) for part in quantize._shares(stored, EPISODES[1:])] == [4, 0]


def test_all_int8_forms_give_a_sample_the_same_q(quantized_bundle: Bundle) -> None:
    found = []
    for form in quantized_bundle.manifest.graphs:
        search = GraphSearch(quantized_bundle, form, form_bytes(quantized_bundle, form))
        noise = np.zeros(search.noise_shape, np.float32)
        inputs = graph_inputs(quantized_bundle.manifest, drawn_frame(77), noise)
        found.append(search.q_of(inputs, quantized_bundle.manifest.cem_start.mean0))
    exact, *reduced = found[2:]
    assert reduced == pytest.approx([reduced[0]] * 3, abs=1e-6)
    assert reduced[0] == pytest.approx(exact, abs=0.05)
    assert reduced[0] != exact


def test_what_follows_a_relu_needs_no_work_of_its_own(quantized_bundle: Bundle) -> None:
    model = onnx.load_model_from_string(quantized_bundle.graphs["policy_int8.onnx"])
    tensors = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    plain = []
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            assert tensors[node.input[2]].item() == 0
        if node.op_type == "Relu":
            assert makers[node.input[0]].op_type != "Conv"
        if node.op_type == "Conv" and makers.get(node.input[1]) is None:
            plain.append(node.input[1])
    assert plain == ["scorer.network.merge.weight"]
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    before = makers[first.input[0]]
    assert (before.op_type, tensors[before.input[1]].item()) == ("DequantizeLinear", 1.0)
    assert makers[before.input[0]].op_type != "QuantizeLinear"


@pytest.mark.filterwarnings("ignore:All-NaN axis")
def test_a_network_whose_numbers_are_not_finite_is_not_quantised(model: Bundle) -> None:
    graph = onnx.load_model_from_string(model.graph_bytes)
    for tensor in graph.graph.initializer:
        if tensor.name == "scorer.network.rest.0.weight":
            broken = np.full_like(numpy_helper.to_array(tensor), np.nan)
            tensor.CopyFrom(numpy_helper.from_array(broken, tensor.name))
    prepared = quantized.prepare(graph.SerializeToString())
    noise = np.zeros(model.manifest.cem.noise_shape, np.float32)
    inputs = iter([graph_inputs(model.manifest, drawn_frame(1), noise)])
    with pytest.raises(BundleError, match="not finite"):
        quantized.measure_ranges(prepared, inputs)


def test_nothing_is_written_without_something_to_calibrate_on(
    model: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in model.folder.iterdir())
    with pytest.raises(BundleError, match="0 recorded episodes"):
        quantize.quantize(model.folder, [[], []], "nothing")
    episodes.write(tmp_path / "one/0", "drawn", EPISODES[0])
    arguments = ["quantize", "--model", str(model.folder), "--episodes"]
    assert main([*arguments, str(tmp_path / "none")]) == 1
    assert main([*arguments, str(tmp_path / "one")]) == 1
    assert "expected at least 2" in capsys.readouterr().err
    assert sorted(path.name for path in model.folder.iterdir()) == before


def test_a_form_that_chooses_badly_is_named(
    model: Bundle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = quantized.measure_ranges

    def a_tenth(*arguments: object) -> quantized.Ranges:
        found = right(*arguments)  # type: ignore[arg-type]
        return {role: (0.1 * low, 0.1 * high) for role, (low, high) in found.items()}

    monkeypatch.setattr(quantized, "measure_ranges", a_tenth)
    made = quantize.quantize(model.folder, EPISODES, "drawn")
    assert any(form.regret and form.regret.complaint for form in made.manifest.graphs)
    assert "MUST NOT SERVE" in capsys.readouterr().out
