# SPDX-License-Identifier: Apache-2.0
"""The bytes of a bundle's graph, complete and fit to serve: static shapes, finite weights."""

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import numpy_helper

from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError
from rlcg_core.manifest import GraphForm

FLOATS = (
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.DOUBLE,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.BFLOAT16,
)


def form_bytes(bundle: Bundle, form: GraphForm) -> bytes:
    """Return the graph of ``form``, joined with the weights that it shares with another one.

    Raises `BundleError` for bytes that are no graph, for a weight that is missing, stored outside
    the graph or not finite, and for an input or output without a fixed shape.
    """
    contents = bundle.graphs[form.file]
    model = _parsed(form.file, contents)
    if form.weights_from:
        donor = _parsed(form.weights_from, bundle.graphs[form.weights_from])
        lacking = _lacking(model)
        model.graph.initializer.extend(t for t in donor.graph.initializer if t.name in lacking)
        contents = model.SerializeToString()
    _check_names(form, model)
    _check_inside(form.file, model)
    _check_weights(form.file, model.graph.initializer)
    _check_shapes(form.file, [*model.graph.input, *model.graph.output])
    return contents


def _parsed(name: str, contents: bytes) -> onnx.ModelProto:
    try:
        model = onnx.load_model_from_string(contents)
    except Exception as error:  # protobuf's own kind of error, which onnx does not name
        raise BundleError(f"{name} is no ONNX graph ({error}): fetch the bundle again") from error
    graph = model.graph
    texts = [text for node in graph.node for text in (*node.input, *node.output)]
    texts += [one.name for one in (*graph.initializer, *graph.input, *graph.output)]
    if not all(isinstance(text, str) for text in texts):  # protobuf leaves other bytes as they are
        raise BundleError(f"{name} has names that are no text: fetch the bundle again")
    return model


def _lacking(model: onnx.ModelProto) -> set[str]:
    """Return the names that nodes read and nothing gives."""
    graph = model.graph
    read = {name for node in graph.node for name in node.input if name}
    read |= {value.name for value in graph.output}
    given = {name for node in graph.node for name in node.output}
    given |= {value.name for value in graph.input} | {t.name for t in graph.initializer}
    return read - given


def _check_names(form: GraphForm, model: onnx.ModelProto) -> None:
    lacking = sorted(_lacking(model))
    if lacking:
        where = f" and so does {form.weights_from}" if form.weights_from else ""
        raise BundleError(
            f"{form.file} lacks {len(lacking)} initializers, the first is {lacking[0]}{where}: "
            "export the model again"
        )


def _check_inside(file: str, model: onnx.ModelProto) -> None:
    """Raise `BundleError` if a tensor lies outside the graph, in a branch or a node's constant."""
    if model.functions or model.training_info:
        raise BundleError(f"{file} has functions or training steps, expected a plain graph")
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        if graph.sparse_initializer:
            raise BundleError(f"{file} has sparse weights, expected dense ones: export it again")
        attributes = [one for node in graph.node for one in node.attribute]
        constants = (tensor for one in attributes for tensor in (one.t, *one.tensors))
        for tensor in (*graph.initializer, *constants):
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                raise BundleError(
                    f"{file}: weight {tensor.name!s:.60} lies in another file, expected none"
                )
        graphs += [one.g for one in attributes if one.HasField("g")]
        graphs += [inner for one in attributes for inner in one.graphs]


def _check_weights(file: str, tensors: Iterable[onnx.TensorProto]) -> None:
    for tensor in tensors:
        if tensor.data_type not in FLOATS:
            continue
        try:
            values = numpy_helper.to_array(tensor).astype(np.float64)
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            raise BundleError(
                f"{file}: weight {tensor.name!s:.60} cannot be read ({error}): export it again"
            ) from error
        bad = values.size - int(np.count_nonzero(np.isfinite(values)))
        if bad:
            raise BundleError(
                f"{file}: {bad} of {values.size} numbers of weight {tensor.name} are not finite: "
                "train or export the model again"
            )


def _check_shapes(file: str, values: Iterable[onnx.ValueInfoProto]) -> None:
    for value in values:
        tensor = value.type.tensor_type
        dims = [d.dim_value if d.HasField("dim_value") else d.dim_param for d in tensor.shape.dim]
        fixed = all(isinstance(size, int) and size > 0 for size in dims)
        if not tensor.HasField("shape") or not fixed:
            raise BundleError(
                f"{file}: {value.name} has the dynamic shape {dims}, expected a fixed one: "
                "export the model with fixed shapes"
            )
