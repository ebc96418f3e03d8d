# SPDX-License-Identifier: Apache-2.0
"""Exact algebra on a trained QT-Opt network: fold batch norm, hoist the merge convolution.

The merge adds one context per candidate to the picture's features, and a convolution follows
directly: conv(features + context) = conv(features) + conv(context). The first runs once per
frame. The second sees a constant per candidate, so its output takes one of nine values per
channel, by which taps of the 3 x 3 kernel fall off the border: a matrix product and a gather.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from rlcg_core import spec
from rlcg_train.qt_opt_network import QtOptNetwork
from rlcg_train.scorer import ActionScorer, to_spec
from rlcg_train.space_to_depth import blocks, can_split, on_blocks

BORDER_CLASSES = 9


def fold_batch_norm(network: QtOptNetwork) -> QtOptNetwork:
    """Return a copy in inference mode whose convolutions and linear layers contain their norms."""
    folded: QtOptNetwork = copy.deepcopy(network)
    folded.eval()
    folded.tower = _fold(folded.tower)
    folded.condition = _fold(folded.condition)
    merged = _fold(nn.Sequential(folded.merge, *folded.merge_norm))
    folded.merge, folded.merge_norm = merged[0], merged[1:]
    folded.rest = _fold(folded.rest)
    return folded


def _fold(layers: nn.Sequential) -> nn.Sequential:
    flat = [m for layer in layers for m in (layer if isinstance(layer, nn.Sequential) else [layer])]
    kept: list[nn.Module] = []
    for layer in flat:
        before = kept[-1] if kept else None
        if isinstance(layer, nn.BatchNorm2d) and isinstance(before, nn.Conv2d):
            kept[-1] = fuse_conv_bn_eval(before, layer)
        elif isinstance(layer, nn.BatchNorm1d) and isinstance(before, nn.Linear):
            kept[-1] = fuse_linear_bn_eval(before, layer)
        else:
            kept.append(layer)
    return nn.Sequential(*kept)


class HoistedScorer(ActionScorer):
    """The same scores as `ActionScorer` of a folded network, with the merge hoisted.

    The picture's tower reads 2 x 2 blocks of bytes (`rlcg_train.space_to_depth`).
    """

    def __init__(self, folded: QtOptNetwork) -> None:
        super().__init__(folded)
        merge = folded.merge
        if not isinstance(merge, nn.Conv2d) or merge.kernel_size != (3, 3):
            raise TypeError("expected a 3 x 3 convolution right after the addition")
        first = folded.tower[0]
        if not isinstance(first, nn.Conv2d) or not can_split(first):
            raise TypeError("expected a 6 x 6 convolution that steps by 2 on the picture")
        self.tower = nn.Sequential(on_blocks(first), *folded.tower[1:])
        classes = _class_weights(merge.weight.detach())
        self.register_buffer("class_weight", classes.reshape(-1, merge.out_channels * 9))
        self.register_buffer("class_places", _class_places(folded.feature_side_px()))

    def encode(self, image: Tensor, extra: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the merge convolution of the features alone, bias included, and the state."""
        return self.network.merge(self.tower(blocks(image))), extra[0]

    def logits(self, code: tuple[Tensor, ...], samples: Tensor) -> Tensor:
        """Return logits (N,) of actions (N, 7)."""
        image_half, state = code
        states = state[None].expand(samples.shape[0], spec.STATE_DIM)
        context = self.network.condition(torch.cat([to_spec(samples), states], dim=1))
        side = image_half.shape[-1]
        by_class = (context @ self.class_weight).reshape(samples.shape[0], -1, BORDER_CLASSES)
        spread = (by_class @ self.class_places).reshape(samples.shape[0], -1, side, side)
        merged = self.network.merge_norm(image_half + spread)
        scores: Tensor = self.network.rest(merged)
        return scores[:, 0]


def _class_weights(weight: Tensor) -> Tensor:
    """Return (inputs, outputs, 9): the kernel summed over the taps that each class keeps."""
    keeps = [slice(1, 3), slice(0, 3), slice(0, 2)]  # first row or column, inner, last
    sums = [weight[:, :, rows, columns].sum(dim=(2, 3)) for rows in keeps for columns in keeps]
    return torch.stack(sums, dim=-1).permute(1, 0, 2)


def _class_places(side: int) -> Tensor:
    """Return (9, side * side): one where a place, row by row, is of the class, zero elsewhere."""
    place = torch.ones(side, dtype=torch.long)
    place[0], place[-1] = 0, 2
    classes = (3 * place[:, None] + place[None, :]).reshape(-1)
    return nn.functional.one_hot(classes, BORDER_CLASSES).T.float()
