# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

from rlcg_bench import weights
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError
from rlcg_train.qt_opt_network import QtOptNetwork


@torch.no_grad()
def test_the_network_read_from_the_graph_gives_the_logits_of_the_one_exported(
    small_bundle: Bundle, network: QtOptNetwork
) -> None:
    found = weights.network_of(small_bundle)
    torch.manual_seed(0)
    picture, condition = torch.rand(2, 3, 472, 472), torch.rand(2, 10)
    expected = network(picture, condition)
    torch.testing.assert_close(found(picture, condition), expected, atol=1e-4, rtol=1e-4)
    assert found.settings == network.settings


def test_the_network_read_has_the_norms_that_the_graph_lacks(
    small_bundle: Bundle, network: QtOptNetwork
) -> None:
    kinds = [type(module) for module in weights.network_of(small_bundle).modules()]
    assert kinds == [type(module) for module in network.modules()]
    assert sum(issubclass(kind, nn.BatchNorm2d) for kind in kinds) == 16


def renamed(graph: bytes) -> bytes:
    """Return the graph with other names for all of its weights."""
    model = onnx.load_model_from_string(graph)
    names = {tensor.name: f"t{k}" for k, tensor in enumerate(model.graph.initializer)}
    for tensor in model.graph.initializer:
        tensor.name = names[tensor.name]
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    return model.SerializeToString()


@torch.no_grad()
def test_the_names_of_the_weights_do_not_matter(small_bundle: Bundle) -> None:
    graph = renamed(small_bundle.graph_bytes)
    picture, condition = torch.rand(1, 3, 472, 472), torch.rand(1, 10)
    one, other = weights.rebuild(graph), weights.rebuild(small_bundle.graph_bytes)
    expected = other(picture, condition)
    torch.testing.assert_close(one(picture, condition), expected, atol=1e-4, rtol=1e-4)


def test_the_graph_of_another_network_is_refused(repository: Path) -> None:
    model = repository / "models/robot1_grasp_success/policy.onnx"
    with pytest.raises(BundleError, match="profile action"):
        weights.rebuild(model.read_bytes())


def test_a_network_that_computes_something_else_is_refused(small_bundle: Bundle) -> None:
    first, *others = small_bundle.golden.cases
    q = first.expected["q"][0]
    wrong = replace(first, expected={**first.expected, "q": (q + 0.01,)})
    golden = replace(small_bundle.golden, cases=(wrong, *others))
    with pytest.raises(BundleError, match="golden case 0"):
        weights.network_of(replace(small_bundle, golden=golden))
