# SPDX-License-Identifier: Apache-2.0
"""The losses of the papers, each a function of tensors; labels are 1 for real, 0 for made."""

from enum import Enum

import torch
from torch import Tensor
from torch.nn import functional


class Adversarial(Enum):
    """How discriminator and generator play.

    ``LOG``: the log loss of CycleGAN and RL-CycleGAN on sigmoid outputs, which is RCAN's sigmoid
    cross-entropy too. ``LEAST_SQUARES``: GraspGAN's.
    """

    LOG = "log"
    LEAST_SQUARES = "least_squares"


REAL, MADE = 1.0, 0.0


def _towards(maps: list[Tensor], label: float, kind: Adversarial) -> Tensor:
    """Return the loss of logits against one label: mean over patches, then over scales."""
    found = []
    for logits in maps:
        wanted = torch.full_like(logits, label)
        if kind is Adversarial.LOG:
            found.append(functional.binary_cross_entropy_with_logits(logits, wanted))
        else:
            found.append(functional.mse_loss(torch.sigmoid(logits), wanted))
    return torch.stack(found).mean()


def discriminator_loss(of_real: list[Tensor], of_made: list[Tensor], kind: Adversarial) -> Tensor:
    """Return what a discriminator minimises: real pictures are 1, made ones 0."""
    return _towards(of_real, REAL, kind) + _towards(of_made, MADE, kind)


def generator_loss(of_made: list[Tensor], kind: Adversarial) -> Tensor:
    """Return what a generator minimises: the label flipped, -log D instead of log(1 - D)."""
    return _towards(of_made, REAL, kind)


def cycle_loss(again: Tensor, before: Tensor) -> Tensor:
    """Return the mean squared difference of a picture and the same once around."""
    return functional.mse_loss(again, before)


def scene_loss(values: list[Tensor]) -> Tensor:
    """Return RL-scene consistency of one triple: squared differences of its three pairs of Q.

    ``values``: Q in [0, 1], each (B,), of a picture, of its adaptation, and of it once around.
    """
    first, second, third = values
    pairs = ((first, second), (first, third), (second, third))
    return torch.stack([functional.mse_loss(a, b) for a, b in pairs]).sum()


def pairwise_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean pairwise squared error: blind to a shift of the whole picture's brightness.

    Per picture 2 (mean d^2 - (mean d)^2) over pixels and channels (GraspGAN, RCAN).
    """
    difference = (made - wanted).flatten(1)
    spread = (difference**2).mean(dim=1) - difference.mean(dim=1) ** 2
    return 2.0 * spread.mean()


def mask_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """Return the mean absolute difference of a predicted mask and the true one (GraspGAN).

    ``logits`` (B, classes, S, S), made probabilities by softmax; ``mask`` (B, S, S) of class.
    """
    wanted = functional.one_hot(mask.long(), logits.shape[1]).permute(0, 3, 1, 2)
    return functional.l1_loss(torch.softmax(logits, dim=1), wanted.to(logits.dtype))


def mask_squares(logits: Tensor, mask: Tensor) -> Tensor:
    """Return the mean squared difference of the same two (RCAN)."""
    wanted = functional.one_hot(mask.long(), logits.shape[1]).permute(0, 3, 1, 2)
    return functional.mse_loss(torch.softmax(logits, dim=1), wanted.to(logits.dtype))
