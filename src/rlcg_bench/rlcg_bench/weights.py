# SPDX-License-Identifier: Apache-2.0
"""QT-Opt's torch network, batch norms and all, out of a bundle's graph: no checkpoint is needed.

The graph has the norms folded into its layers. The network gets them back as norms that change
nothing but the bias, so that it computes the same with the layers that the training form has.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from rlcg_core import golden, spec
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError
from rlcg_train.qt_opt_network import QtOptNetwork, QtOptSettings
from rlcg_train.scorer import ActionScorer
from rlcg_train.space_to_depth import BLOCK

PIXEL_CHANNELS = spec.IMAGE_CHANNELS
Q_TOLERANCE = 1e-4
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass(frozen=True)
class Layer:
    """Weight and bias of a convolution or linear layer; ``padding_px`` of a convolution."""

    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    padding_px: int = 0


def network_of(bundle: Bundle) -> QtOptNetwork:
    """Return the network of a bundle; raises `BundleError` if it is another one or computes else.

    Proven on the golden vectors: the network's Q of each chosen sample is the recorded one.
    """
    network: QtOptNetwork = rebuild(bundle.graph_bytes)
    for index, case in enumerate(bundle.golden.cases):
        found, expected = _q_value(network, case), case.expected["q"][0]
        if abs(found - expected) > Q_TOLERANCE:
            raise BundleError(
                f"golden case {index}: the network read from the graph gives Q {found:.6f}, "
                f"expected {expected:.6f}: its layers are not those of QT-Opt's network"
            )
    return network


@torch.no_grad()
def rebuild(graph: bytes) -> QtOptNetwork:
    """Return the network of a float32 graph, unproven; raises `BundleError`."""
    layers = _layers(onnx.load_model_from_string(graph))
    layers["Conv"][:1] = [_of_pixels(layer) for layer in layers["Conv"][:1]]
    try:
        network = QtOptNetwork(_settings(layers))
        network.eval()
        _fill(network, layers)
    except (IndexError, RuntimeError) as error:
        raise BundleError(
            f"the graph's {len(layers['Conv'])} convolutions and {len(layers['Gemm'])} linear "
            "layers are not those of QT-Opt's network: the benchmark needs a bundle of profile "
            f"action ({' '.join(str(error).split())[:200]})"
        ) from error
    return network


def _layers(model: onnx.ModelProto) -> dict[str, list[Layer]]:
    """Return convolutions and linear layers in the graph's order, each weight once."""
    tensors = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Identity" and node.input[0] in tensors:
            tensors[node.output[0]] = tensors[node.input[0]]
    layers: dict[str, list[Layer]] = {"Conv": [], "Gemm": []}
    seen = set()
    for node in model.graph.node:
        names = node.input[1:3]
        if node.op_type not in layers or node.input[1] in seen or not set(names) <= set(tensors):
            continue
        seen.add(node.input[1])
        weight = tensors[node.input[1]]
        bias = tensors[node.input[2]] if len(names) == 2 else np.zeros(len(weight), np.float32)
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Gemm" and not attributes.get("transB", 0):
            weight = weight.T
        layers[node.op_type].append(Layer(weight, bias, attributes.get("pads", [0])[0]))
    return layers


def _of_pixels(first: Layer) -> Layer:
    """Return the first convolution as trained, if the graph has it on blocks of bytes.

    The inverse of `rlcg_train.space_to_depth.on_blocks`.
    """
    outputs, inputs, rows, columns = first.weight.shape
    if inputs != PIXEL_CHANNELS * BLOCK * BLOCK:
        return first
    taps = first.weight.reshape(outputs, BLOCK, BLOCK, PIXEL_CHANNELS, rows, columns)
    whole = taps.transpose(0, 3, 4, 1, 5, 2).reshape(outputs, PIXEL_CHANNELS, rows * BLOCK, -1)
    return Layer(whole * np.float32(255.0), first.bias, BLOCK)


def _settings(layers: dict[str, list[Layer]]) -> QtOptSettings:
    convolutions, linear = layers["Conv"], layers["Gemm"]
    threes = [layer for layer in convolutions if layer.weight.shape[-1] == 3]
    return QtOptSettings(
        channels=convolutions[0].weight.shape[0],
        tower_convolutions=sum(layer.weight.shape[-1] == 5 for layer in convolutions),
        merged_convolutions=sum(layer.padding_px == 1 for layer in threes),
        late_convolutions=sum(layer.padding_px == 0 for layer in threes),
        context=linear[0].weight.shape[0],
        dense=linear[-1].weight.shape[1],
    )


def _fill(network: QtOptNetwork, layers: dict[str, list[Layer]]) -> None:
    kinds = (nn.Conv2d, nn.Linear, *NORMS)
    modules = [module for module in network.modules() if isinstance(module, kinds)]
    queues = {nn.Conv2d: list(layers["Conv"]), nn.Linear: list(layers["Gemm"])}
    for module, follower in zip(modules, [*modules[1:], None], strict=True):
        if isinstance(module, NORMS):
            continue
        layer = queues[type(module)].pop(0)
        module.weight.copy_(torch.from_numpy(layer.weight.copy()))
        bias = torch.from_numpy(layer.bias.copy())
        if isinstance(follower, NORMS):
            _set_norm(follower, bias)
            bias = torch.zeros_like(bias)
        if module.bias is not None:
            module.bias.copy_(bias)
    left = sum(len(queue) for queue in queues.values())
    if left:
        raise IndexError(f"{left} layers are left over")


def _set_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d, bias: Tensor) -> None:
    """Let a norm add ``bias`` and change nothing else."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0)
    norm.weight.fill_(float(np.sqrt(1.0 + norm.eps)))
    norm.bias.copy_(bias)


@torch.no_grad()
def _q_value(network: QtOptNetwork, case: golden.GoldenCase) -> float:
    scorer = ActionScorer(network)
    image = torch.from_numpy(golden.pattern_image(case.image_seed))
    state = torch.tensor(case.inputs["state"], dtype=torch.float32)
    goal = torch.tensor([case.expected["goal"]], dtype=torch.float32)
    return float(torch.sigmoid(scorer.logits(scorer.encode(image, (state,)), goal))[0])
