# SPDX-License-Identifier: Apache-2.0
"""Graphs of one network differ by kilobytes: the weights are stored once, in the donor.

A stripped graph lacks its large initializers. The donor has each of them, identical and under the
same name; joining appends what is lacking.
"""

import copy

import onnx

LARGE_BYTES = 1024

_Content = tuple[int, tuple[int, ...], bytes]


def strip(model: onnx.ModelProto, donor: onnx.ModelProto) -> onnx.ModelProto:
    """Return ``model`` without the large initializers that ``donor`` has too.

    Where the donor names a tensor otherwise, its name is taken over; a large tensor that it lacks
    stays.
    """
    stripped = copy.deepcopy(model)
    by_content = {_content(t): t.name for t in donor.graph.initializer if _is_large(t)}
    by_name = {t.name: _content(t) for t in donor.graph.initializer}
    kept, renamed = [], {}
    for tensor in stripped.graph.initializer:
        content = _content(tensor) if _is_large(tensor) else None
        if content is None or content not in by_content:
            kept.append(tensor)
        elif by_name.get(tensor.name) != content:
            renamed[tensor.name] = by_content[content]
    _rename(stripped.graph, renamed, {t.name for t in kept})
    del stripped.graph.initializer[:]
    stripped.graph.initializer.extend(kept)
    return stripped


def join(stripped: onnx.ModelProto, donor: onnx.ModelProto) -> onnx.ModelProto:
    """Return the complete graph: with the donor's initializers that are named but lacking."""
    whole = copy.deepcopy(stripped)
    present = {tensor.name for tensor in whole.graph.initializer}
    made = {name for node in whole.graph.node for name in node.output}
    wanted = {name for node in whole.graph.node for name in node.input} - present - made
    whole.graph.initializer.extend(t for t in donor.graph.initializer if t.name in wanted)
    return whole


def join_bytes(stripped: bytes, donor: bytes) -> bytes:
    """Return the complete graph's bytes, as `join` does."""
    parts = (onnx.load_model_from_string(stripped), onnx.load_model_from_string(donor))
    return bytes(join(*parts).SerializeToString())


def _rename(graph: onnx.GraphProto, names: dict[str, str], kept: set[str]) -> None:
    """Let nodes read tensors under other names; a value that has such a name gives way."""
    taken = set(names.values())
    values = {name for node in graph.node for name in node.output} | kept
    moved = {name: f"{name}_own" for name in (values & taken)}
    everything = {**moved, **names}
    for node in graph.node:
        node.input[:] = [everything.get(name, name) for name in node.input]
        node.output[:] = [moved.get(name, name) for name in node.output]
    for tensor in graph.initializer:
        if tensor.name in kept:
            tensor.name = moved.get(tensor.name, tensor.name)


def _content(tensor: onnx.TensorProto) -> _Content:
    array = onnx.numpy_helper.to_array(tensor)
    return tensor.data_type, tuple(tensor.dims), array.tobytes()


def _is_large(tensor: onnx.TensorProto) -> bool:
    return int(onnx.numpy_helper.to_array(tensor).nbytes) > LARGE_BYTES
