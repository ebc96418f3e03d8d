# SPDX-License-Identifier: Apache-2.0
"""What the GAN stages need of a task: a Q that is differentiable in the picture, and its targets.

The supervised predictor and QT-Opt both fit: RL losses are the cross-entropy of the same logits
against other targets.
"""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from torch import Tensor, nn
from torch.nn import functional

Rows = TypeVar("Rows")


class TaskQ(nn.Module, ABC, Generic[Rows]):
    """One Q-network. ``Rows``: what is known of a batch beside its pictures (B, 3, S, S).

    ``needs_next``: whether targets look at the pictures of the next states.
    """

    needs_next: bool

    @abstractmethod
    def logits(self, picture: Tensor, rows: Rows) -> Tensor:
        """Return logits (B,) of what was done; Q is their sigmoid."""

    @abstractmethod
    def targets(self, next_picture: Tensor | None, rows: Rows) -> Tensor:
        """Return targets (B,) in [0, 1], without gradient.

        ``next_picture``: the next states, seen through the same generators as the pictures.
        """

    @abstractmethod
    def truth(self, rows: Rows) -> Tensor:
        """Return whether the episodes (B,) that the rows are of succeeded, 0 or 1."""

    @abstractmethod
    def spread(self, picture: Tensor, rows: Rows) -> Tensor:
        """Return the standard deviation of Q over 64 random actions, the mean of the batch."""

    def after_step(self) -> None:
        """Take in one gradient step, where targets come from older networks."""

    def more_state(self) -> dict[str, Any]:
        """Return what must be kept beside the weights."""
        return {}

    def load_more_state(self, state: dict[str, Any]) -> None:
        """Take what `more_state` gave."""


def td_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy of Q against its targets (QT-Opt; the TD loss of RL-CycleGAN)."""
    return functional.binary_cross_entropy_with_logits(logits, targets)
