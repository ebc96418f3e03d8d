# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from torch import nn

from rlcg_core import spec
from rlcg_core.golden import pattern_image
from rlcg_train import checkpoints, exact_form, hoist, preprocess, scorer, space_to_depth
from rlcg_train.profiles import ACTION
from rlcg_train.qt_opt_network import QtOptNetwork, QtOptSettings

SMALL = QtOptSettings(channels=8, context=16, dense=16)


def test_the_paper_network_has_the_papers_size() -> None:
    network = QtOptNetwork(QtOptSettings())
    # 1,241,281 with one linear layer for the seven action blocks, plus 320 scales of two norms
    # that the original leaves out.
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_241_281 + 320
    assert (network.feature_side_px(), network.late_side_px()) == (27, 8)


def test_its_layers_have_the_papers_sides() -> None:
    network = checkpoints.fresh_qt_opt(1, QtOptSettings(channels=4, context=8, dense=8))
    sides: list[int] = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            module.register_forward_hook(lambda m, given, made: sides.append(made.shape[-1]))
    network(torch.rand(1, 3, 472, 472), torch.rand(1, 10))
    assert sides == [236, 79, *(79,) * 6, 27, *(27,) * 6, 14, 12, 10, 8]


def test_the_picture_is_coded_once_for_all_candidates() -> None:
    network = checkpoints.fresh_qt_opt(1, SMALL)
    picture, condition = torch.rand(1, 3, 472, 472), torch.rand(5, 10)
    shared = network.score(network.encode(picture), condition)
    tiled = network(picture.expand(5, 3, 472, 472), condition)
    torch.testing.assert_close(shared, tiled, atol=1e-5, rtol=1e-4)


def test_hoisting_the_merge_changes_no_logit() -> None:
    network = checkpoints.fresh_qt_opt(2, SMALL)
    found, form = exact_form.exported_scorer(ACTION, network)
    assert form == "hoisted"
    assert exact_form.logit_gap(ACTION, scorer.ActionScorer(network), found) < 1e-4


def test_a_wrong_hoist_is_not_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    network = checkpoints.fresh_qt_opt(2, SMALL)
    right = hoist._class_places

    def border_forgotten(side: int) -> torch.Tensor:
        places = torch.zeros_like(right(side))
        places[4] = 1.0
        return places

    monkeypatch.setattr(hoist, "_class_places", border_forgotten)
    assert exact_form.exported_scorer(ACTION, network)[1] == "plain"


def test_commands_exclude_each_other_and_need_more_than_half() -> None:
    commands = torch.tensor([[0.6, 0.7, 0.2], [0.5, 0.4, 0.1], [0.9, 0.9, 0.9], [0.0, 0.8, 0.9]])
    samples = torch.cat([torch.zeros(4, 4), commands], dim=1)
    flags = scorer.to_spec(samples)[:, 5:].tolist()
    assert flags == [[0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1]]


def test_every_sample_is_an_action_of_the_spec() -> None:
    cem = ACTION.cem()
    low, high = torch.tensor(cem.low).float(), torch.tensor(cem.high).float()
    samples = low + torch.rand(200, len(low)) * (high - low)
    for action in scorer.to_spec(samples).numpy():
        spec.check_action(action)


@torch.no_grad()
def test_the_first_convolution_is_the_same_on_blocks_of_bytes() -> None:
    layer = torch.nn.Conv2d(3, 8, 6, stride=2, padding=2)
    image = torch.from_numpy(pattern_image(3))
    expected = layer(preprocess.crop_picture(image))
    found = space_to_depth.on_blocks(layer)(space_to_depth.blocks(image))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert not space_to_depth.can_split(torch.nn.Conv2d(3, 8, 5, stride=2, padding=2))
