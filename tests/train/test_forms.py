# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import helper, numpy_helper
from small_network import SMALL, drawn_frame

from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError
from rlcg_policy.graphs import form_bytes
from rlcg_train import checkpoints, export, forms, frames
from rlcg_train.cem_module import OUTPUTS, CemModule
from rlcg_train.exact_form import scorer_of
from rlcg_train.profiles import ACTION
from rlcg_train.shared_weights import join, strip


@torch.no_grad()
def test_a_deadline_graph_joined_by_the_server_computes_what_torch_does(
    exported: Bundle, small_checkpoint: Path
) -> None:
    assert [f.budget for f in exported.manifest.graphs] == [(2, 64), (2, 32), (1, 32)]
    network = checkpoints.load(small_checkpoint)[1]
    for form in exported.manifest.graphs[1:]:
        module = CemModule(scorer_of(network), ACTION.cem(form.samples, form.iterations))
        inputs = export.example(ACTION, module, 7)
        session = onnxruntime.InferenceSession(form_bytes(exported, form))
        found = session.run(list(OUTPUTS), inputs)
        for value, expected in zip(found, module(*export.tensors(inputs)), strict=True):
            np.testing.assert_allclose(value, expected.numpy(), atol=2e-3)


def test_another_export_leaves_nothing_of_the_network_before(
    model: Bundle, small_checkpoint: Path
) -> None:
    frames.store(model, [drawn_frame(1)], "drawn", seed=1)
    settings = export.ExportSettings(small_checkpoint, model.folder, model.manifest.training)
    made = export.export(settings)
    assert not made.frames
    names = sorted(path.name for path in model.folder.iterdir())
    assert names == ["golden.json", "manifest.json", "policy.onnx"]


def test_a_deadline_graph_holds_no_weights(exported: Bundle) -> None:
    for form in exported.manifest.graphs[1:]:
        model = onnx.load_model_from_string(exported.graphs[form.file])
        sizes = [numpy_helper.to_array(t).nbytes for t in model.graph.initializer]
        assert max(sizes) <= 1024
        assert form.weights_from == "policy.onnx"


def test_graphs_of_another_checkpoint_are_not_added(model: Bundle, tmp_path: Path) -> None:
    other = tmp_path / "other.pt"
    checkpoints.save(other, ACTION, checkpoints.fresh_qt_opt(9, SMALL), SMALL.as_dict())
    before = {path.name: path.read_bytes() for path in model.folder.iterdir()}
    with pytest.raises(BundleError, match="is the graph of this checkpoint"):
        forms.add_forms(model, other)
    assert {path.name: path.read_bytes() for path in model.folder.iterdir()} == before


def test_the_graph_has_nothing_that_makes_openvino_leave_int8(exported: Bundle) -> None:
    model = onnx.shape_inference.infer_shapes(
        onnx.load_model_from_string(exported.graph_bytes), data_prop=True
    )
    for node in model.graph.node:
        if node.op_type == "Cast":
            assert helper.get_node_attr_value(node, "to") != onnx.TensorProto.DOUBLE
    ranks = {v.name: len(v.type.tensor_type.shape.dim) for v in model.graph.value_info}
    sigmoids = [node for node in model.graph.node if node.op_type == "Sigmoid"]
    assert [ranks[node.output[0]] for node in sigmoids] == [1]


def graph(weight: str, small: str, value: str, numbers: np.ndarray) -> onnx.ModelProto:
    """Return y = x * weight + small, with names of choice."""
    nodes = [
        helper.make_node("Mul", ["x", weight], [value]),
        helper.make_node("Add", [value, small], ["y"]),
    ]
    shape = list(numbers.shape)
    ends = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape) for n in ("x", "y")]
    tensors = [
        numpy_helper.from_array(numbers, weight),
        numpy_helper.from_array(np.float32([1.0]), small),
    ]
    return helper.make_model(
        helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


@pytest.mark.parametrize("names", [("w", "b", "v"), ("other", "b", "w"), ("other", "w", "v")])
def test_stripping_and_joining_gives_back_what_was_computed(names: tuple[str, str, str]) -> None:
    numbers = np.arange(400, dtype=np.float32)
    donor, model = graph("w", "b", "v", numbers), graph(*names, numbers)
    stripped = strip(model, donor)
    assert len(stripped.SerializeToString()) < 400
    whole = join(stripped, donor).SerializeToString()
    found = onnxruntime.InferenceSession(whole).run(["y"], {"x": numbers})[0]
    np.testing.assert_array_equal(found, numbers * numbers + 1)


def test_a_weight_that_the_donor_lacks_stays() -> None:
    numbers = np.arange(400, dtype=np.float32)
    donor, model = graph("w", "b", "v", numbers), graph("w", "b", "v", numbers + 1)
    stripped = strip(model, donor)
    assert stripped == model
    assert join(stripped, donor) == model


def test_a_search_is_no_deadline_of_itself() -> None:
    assert forms.smaller_budgets(ACTION.cem(32, 2)) == [(1, 32)]
    assert forms.smaller_budgets(ACTION.cem(64, 1)) == [(1, 32)]
