# SPDX-License-Identifier: Apache-2.0
"""Whatever a graph holds, it is served as it was tested or refused, by checks or by the runtime."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import tiny_model
from hypothesis import given
from hypothesis import strategies as st
from mutations import EXAMPLES, check_reader, damaged, fuzz
from onnx import TensorProto, helper

from rlcg_core import bundle, strict_json
from rlcg_core.errors import BundleError
from rlcg_core.manifest import Manifest
from rlcg_policy.graphs import form_bytes

CHILD_S = 300.0


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("good")).folder


def with_graph(good: Path, folder: Path, graph: bytes) -> Path:
    """Write a bundle of another graph, whose hash is right."""
    folder.mkdir(exist_ok=True)
    (folder / bundle.GOLDEN).write_bytes((good / bundle.GOLDEN).read_bytes())
    (folder / bundle.GRAPH).write_bytes(graph)
    plain = strict_json.to_plain(strict_json.read(Manifest, good / bundle.MANIFEST))
    plain["files"][bundle.GRAPH] = hashlib.sha256(graph).hexdigest()
    changed = strict_json.from_plain(Manifest, plain, "manifest")
    strict_json.write(changed, folder / bundle.MANIFEST)
    return folder


def look_at(folder: Path) -> bytes:
    found = bundle.load(folder)
    return form_bytes(found, found.manifest.graphs[0])


@fuzz
@given(data=st.data())
def test_damaged_bytes_are_no_graph_or_a_sound_one(
    tmp_path: Path, good: Path, data: st.DataObject
) -> None:
    changed = data.draw(damaged((good / bundle.GRAPH).read_bytes()))
    folder = with_graph(good, tmp_path / "bundle", changed)
    check_reader(lambda: look_at(folder))


def changed_graphs(good: bytes, count: int) -> list[bytes]:
    """Return graphs that can still be parsed, with numbers and kinds of nodes put to others."""
    found: list[bytes] = []

    @fuzz
    @given(data=st.data())
    def draw(data: st.DataObject) -> None:
        model = onnx.load_model_from_string(good)
        node = data.draw(st.sampled_from(list(model.graph.node)))
        kind = data.draw(st.sampled_from(["op", "input", "attribute", "tensor", "shape"]))
        others = st.sampled_from(list(model.graph.node))
        if kind == "op":
            node.op_type = data.draw(others).op_type
        elif kind == "input" and node.input:
            place = data.draw(st.integers(0, len(node.input) - 1))
            node.input[place] = data.draw(others).output[0]
        elif kind == "attribute" and node.attribute:
            node.attribute[0].i = data.draw(st.sampled_from([-(2**63), -1, 0, 2**31, 2**62]))
        elif kind == "tensor":
            tensor = data.draw(st.sampled_from(list(model.graph.initializer)))
            tensor.raw_data = data.draw(damaged(tensor.raw_data))
        else:
            tensor = data.draw(st.sampled_from(list(model.graph.initializer)))
            tensor.dims.append(data.draw(st.sampled_from([0, 1, -1, 2**31, 2**62])))
        if len(found) < count:
            found.append(model.SerializeToString())

    draw()
    return found


@pytest.mark.slow
def test_a_graph_of_strange_nodes_is_refused_by_the_runtime_and_crashes_nothing(
    tmp_path: Path, good: Path
) -> None:
    graphs = changed_graphs((good / bundle.GRAPH).read_bytes(), EXAMPLES)
    folders = [with_graph(good, tmp_path / str(i), graph) for i, graph in enumerate(graphs)]
    done = subprocess.run(
        [sys.executable, "-m", "graph_child", *map(str, [good, *folders])],
        capture_output=True,
        text=True,
        timeout=CHILD_S * max(1.0, EXAMPLES / 200),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"{lines[-1:]}\n{done.stderr[-2000:]}"
    assert lines[0] == f"{good} loaded"
    assert len(lines) == len(folders) + 1
    assert any(line.endswith("refused") for line in lines)


def outside(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].ClearField("raw_data")
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL


def outside_in_a_node(model: onnx.ModelProto) -> None:
    tensor = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.append(helper.make_node("Constant", [], ["extra"], value=tensor))


def outside_in_a_branch(model: onnx.ModelProto) -> None:
    inner = onnx.ModelProto()
    outside_in_a_node(inner)
    model.graph.node.append(helper.make_node("If", ["q"], ["extra"], then_branch=inner.graph))


def with_function(model: onnx.ModelProto) -> None:
    model.functions.add(name="f", domain="somewhere")


def with_sparse_weights(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


def huge(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [2**40]


def of_no_bytes(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].raw_data = b""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (outside, "lies in another file"),
        (outside_in_a_node, "lies in another file"),
        (outside_in_a_branch, "lies in another file"),
        (with_function, "has functions"),
        (with_sparse_weights, "sparse weights"),
        (huge, "cannot be read"),
        (of_no_bytes, "cannot be read"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_graph_that_reaches_beyond_itself_is_refused(
    tmp_path: Path, good: Path, change: Callable[[onnx.ModelProto], None], named: str
) -> None:
    model = onnx.load_model_from_string((good / bundle.GRAPH).read_bytes())
    change(model)
    folder = with_graph(good, tmp_path / "bundle", model.SerializeToString())
    with pytest.raises(BundleError, match=named):
        look_at(folder)
