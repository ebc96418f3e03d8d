# SPDX-License-Identifier: Apache-2.0
"""The int8 form of a graph: convolutions in whole numbers, everything else as it is.

What follows a ReLU has the zero point 0, so that the ReLU costs nothing; weights have a scale per
channel; camera bytes that a convolution reads directly are its quantised input as they are. A
convolution without a ReLU right after it, such as the hoisted merge, stays in float32. The
quantised layers of all iterations share one range, so that a sample has one Q.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime import quantization
from onnxruntime.quantization import CalibrationDataReader, QuantType, shape_inference
from onnxruntime.quantization.calibrate import TensorData, TensorsData, create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from rlcg_core.errors import BundleError
from rlcg_train.seen_frame import Inputs

QUANTISED = ("Conv", "Gemm", "Relu", "MaxPool")
# What comes out of these is what went in, so it keeps its range.
PASSING = ("Relu", "MaxPool", "Flatten")
RECTIFIED = "of "
Ranges = dict[str, tuple[float, float]]


class _Reader(CalibrationDataReader):
    """Hands inputs to the library, one frame at a time."""

    def __init__(self, inputs: Iterator[Inputs]) -> None:
        self._inputs = inputs

    def get_next(self) -> Inputs | None:
        """Return the next inputs, None at the end."""
        return next(self._inputs, None)


def prepare(graph: bytes) -> onnx.ModelProto:
    """Return a float32 graph with known shapes, whose convolutions read the camera's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "graph.onnx", Path(folder) / "prepared.onnx"
        source.write_bytes(graph)
        shape_inference.quant_pre_process(source, target, skip_symbolic_shape=True)
        model = onnx.load(str(target))
    if not any(node.op_type == "Conv" for node in model.graph.node):
        raise BundleError("the graph has no convolution, so int8 gains nothing: keep float32")
    _take_bytes(model.graph)
    return model


def measure_ranges(model: onnx.ModelProto, inputs: Iterator[Inputs]) -> Ranges:
    """Return the smallest and greatest number of each quantised layer over all inputs.

    Keys are roles, equal in all searches of a network. Raises `BundleError` for a layer whose
    numbers are not finite.
    """
    measured, roles = _measure(model, inputs), _roles(model.graph)
    ranges: Ranges = {}
    for name in sorted(set(measured) & set(roles)):
        role, (low, high) = roles[name], measured[name]
        if not np.isfinite((low, high)).all():
            raise BundleError(f"layer {name} gives numbers that are not finite: train it again")
        if role.startswith(RECTIFIED):
            low = max(low, 0.0)
        before = ranges.get(role, (low, high))
        ranges[role] = min(low, before[0]), max(high, before[1])
    return ranges


def _measure(model: onnx.ModelProto, inputs: Iterator[Inputs]) -> Ranges:
    """Return the smallest and greatest number of each value at a layer that can be quantised."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        onnx.save(model, str(path))
        calibrator = create_calibrator(
            path,
            list(QUANTISED),
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=quantization.CalibrationMethod.MinMax,
        )
        calibrator.collect_data(_Reader(inputs))
        measured = calibrator.compute_data().data
    pairs = {name: [float(np.ravel(v)[0]) for v in t.range_value] for name, t in measured.items()}
    return {name: (low, high) for name, (low, high) in pairs.items()}


def quantise(model: onnx.ModelProto, ranges: Ranges) -> onnx.ModelProto:
    """Return the int8 form of a prepared graph of the network that ``ranges`` were measured on."""
    quantizer = QDQQuantizer(
        onnx.ModelProto.FromString(model.SerializeToString()),
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=_by_value(model.graph, ranges),
        nodes_to_quantize=[],
        nodes_to_exclude=_left_in_float(model.graph),
        op_types_to_quantize=list(QUANTISED),
        extra_options={
            "ActivationSymmetric": False,
            "OpTypesToExcludeOutputQuantization": ["Gemm"],
        },
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    made: onnx.ModelProto = quantizer.model.model
    onnx.checker.check_model(made)
    return made


def _by_value(graph: onnx.GraphProto, ranges: Ranges) -> TensorsData:
    """Return the ranges as the library wants them, by the names of a graph's values."""
    data = {
        name: TensorData(lowest=np.float32(ranges[role][0]), highest=np.float32(ranges[role][1]))
        for name, role in _roles(graph).items()
        if role in ranges
    }
    return TensorsData(quantization.CalibrationMethod.MinMax, data)


def _take_bytes(graph: onnx.GraphProto) -> None:
    """Turn a cast of bytes before a convolution into their dequantisation, which is the same."""
    for index, node in enumerate(graph.node):
        readers = [other for other in graph.node if node.output[0] in other.input]
        if node.op_type != "Cast" or [r.op_type for r in readers] != ["Conv"]:
            continue
        one, zero = np.float32(1.0), np.uint8(0)
        names = [f"{node.output[0]}_{part}" for part in ("scale", "zero_point")]
        graph.initializer.extend(
            numpy_helper.from_array(np.asarray(value), name)
            for value, name in zip((one, zero), names, strict=True)
        )
        made = onnx.helper.make_node("DequantizeLinear", [node.input[0], *names], node.output)
        graph.node.remove(node)
        graph.node.insert(index, made)


def _left_in_float(graph: onnx.GraphProto) -> list[str]:
    """Return the names of convolutions that no ReLU follows, of layers that read no quantised."""
    rectified = {node.input[0] for node in graph.node if node.op_type == "Relu"}
    flattened = {node.output[0] for node in graph.node if node.op_type == "Flatten"}
    return [
        node.name
        for node in graph.node
        if (node.op_type == "Conv" and node.output[0] not in rectified)
        or (node.op_type == "Gemm" and node.input[0] not in flattened)
    ]


def _roles(graph: onnx.GraphProto) -> dict[str, str]:
    """Return the role of each value that is quantised: the weight it comes from, or goes to."""
    makers = {name: node for node in graph.node for name in node.output}
    roles: dict[str, str] = {}
    for node in graph.node:
        if node.op_type in PASSING:
            roles[node.output[0]] = _origin(node, makers)
        elif node.op_type == "Conv":
            roles[node.input[0]] = roles.get(node.input[0]) or f"to {node.input[1]}"
            # A ReLU follows, or the convolution is left in float32.
            roles[node.output[0]] = f"{RECTIFIED}{node.input[1]}"
    return {name: role for name, role in roles.items() if role}


def _origin(node: onnx.NodeProto | None, makers: dict[str, onnx.NodeProto]) -> str:
    """Return the role of what a ReLU or pooling gives, empty without a convolution before it."""
    while node is not None and node.op_type in PASSING:
        node = makers.get(node.input[0])
    return f"{RECTIFIED}{node.input[1]}" if node is not None and node.op_type == "Conv" else ""
