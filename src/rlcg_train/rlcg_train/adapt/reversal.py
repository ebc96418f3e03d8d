# SPDX-License-Identifier: Apache-2.0
"""Domain-adversarial training: features that do not tell where a picture is from (DANN).

Between features and the classifier that tells the domains apart stands a layer that turns the
gradient around (Ganin et al. 2016; GraspGAN, section III.C).
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 100
SIM, REAL = 0.0, 1.0


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, features: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return features.view_as(features)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradients[0], None


def reverse_gradient(features: Tensor, strength: float) -> Tensor:
    """Return the features as they are; their gradient comes back negated, times ``strength``."""
    reversed_features: Tensor = _Reverse.apply(features, strength)
    return reversed_features


def strength_at(progress: float) -> float:
    """Return how strongly features are pushed together, 0 at the start, near 1 at the end.

    The schedule of Ganin et al.; GraspGAN does not publish its own.
    """
    return 2.0 / (1.0 + math.exp(-10.0 * progress)) - 1.0


class DomainClassifier(nn.Module):
    """Tells domains apart by features (B, F): two layers of 100 units, one logit."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, 1),
        )

    def forward(self, features: Tensor, strength: float) -> Tensor:
        """Return logits (B,) of "real"; the gradient to the features is reversed."""
        logits: Tensor = self.layers(reverse_gradient(features, strength))
        return logits[:, 0]

    def loss(self, sim: Tensor, real: Tensor, strength: float) -> Tensor:
        """Return the cross-entropy on features of both domains, each (B, F)."""
        losses = []
        for features, label in ((sim, SIM), (real, REAL)):
            logits = self(features, strength).float()
            wanted = torch.full_like(logits, label)
            losses.append(functional.binary_cross_entropy_with_logits(logits, wanted))
        return torch.stack(losses).mean()
