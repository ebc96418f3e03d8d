# SPDX-License-Identifier: Apache-2.0
"""A graph is joined with the weights it shares, and one that is not fit to serve is named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_forms
import tiny_model
from bundles import CEM
from onnx import TensorProto, helper

from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError
from rlcg_core.manifest import GraphForm
from rlcg_policy.graphs import form_bytes
from rlcg_policy.plans import CPU_FLOAT32
from rlcg_policy.sessions import open_plan

SMALL = GraphForm("policy_3x16.onnx", "float32", CEM.iterations, 16, weights_from="policy.onnx")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


def with_graph(bundle: Bundle, model: onnx.ModelProto, file: str = "policy.onnx") -> Bundle:
    return replace(bundle, graphs={**bundle.graphs, file: model.SerializeToString()})


def stripped(model: onnx.ModelProto, *names: str) -> onnx.ModelProto:
    kept = [t for t in model.graph.initializer if t.name not in names]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return model


def test_a_complete_graph_is_served_byte_by_byte(tiny: Bundle) -> None:
    assert form_bytes(tiny, tiny.manifest.graphs[0]) == tiny.graph_bytes


def test_a_stripped_graph_gets_its_weights_from_the_donor(tiny: Bundle) -> None:
    whole = tiny_model.graph(samples=16)
    model = tiny_model.graph(samples=16)
    shared = stripped(model, "c0", "c1")
    joined = form_bytes(with_graph(tiny, shared, SMALL.file), SMALL)
    inputs = tiny_forms.example_inputs(SMALL.samples)
    names = list(tiny.manifest.outputs)
    found, expected = (
        open_plan(contents, CPU_FLOAT32, 1).run(names, inputs)
        for contents in (joined, whole.SerializeToString())
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_weight_that_the_donor_lacks_as_well_is_named(tiny: Bundle) -> None:
    model = tiny_model.graph(samples=16)
    for node in model.graph.node:
        node.input[:] = ["lost" if name == "c1" else name for name in node.input]
    with pytest.raises(BundleError, match=r"lacks 1 initializers, the first is lost and so does"):
        form_bytes(with_graph(tiny, model, SMALL.file), SMALL)
    with pytest.raises(BundleError, match=r"policy.onnx lacks 1 initializers, the first is c1:"):
        form_bytes(with_graph(tiny, stripped(tiny_model.graph(), "c1")), tiny.manifest.graphs[0])


def free_height(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "height"


def unknown_rank(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.ClearField("shape")


def outside(model: onnx.ModelProto) -> None:
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (
            lambda model: tiny_forms.poison(model, np.nan),
            "1 of 3 numbers of weight c0 are not finite",
        ),
        (
            lambda model: tiny_forms.poison(model, np.inf),
            "1 of 3 numbers of weight c0 are not finite",
        ),
        (free_height, r"image has the dynamic shape \['height', 640, 3\]"),
        (unknown_rank, "action has the dynamic shape"),
        (outside, "weight c0 lies in another file"),
    ],
)
def test_a_graph_that_is_not_fit_to_serve_is_refused_by_name(
    tiny: Bundle, damage: Callable[[onnx.ModelProto], None], text: str
) -> None:
    model = tiny_model.graph()
    damage(model)
    with pytest.raises(BundleError, match=text):
        form_bytes(with_graph(tiny, model), tiny.manifest.graphs[0])


def test_bytes_that_are_no_graph_are_named(tiny: Bundle) -> None:
    with pytest.raises(BundleError, match=r"policy.onnx is no ONNX graph"):
        form_bytes(replace(tiny, graphs={"policy.onnx": b"no graph"}), tiny.manifest.graphs[0])


def test_a_runtime_cannot_be_made_to_read_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_bytes(b"\x00" * 12)
    weights = helper.make_tensor("w", TensorProto.FLOAT, [3], b"\x00" * 12, raw=True)
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="secret")
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])
    node = helper.make_node("Identity", ["w"], ["y"])
    body = helper.make_graph([node], "external", [], [out], [weights])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="cannot load the graph"):
        open_plan(model.SerializeToString(), CPU_FLOAT32, 1)
