# SPDX-License-Identifier: Apache-2.0
"""What CEM needs of a network: code the frame once, score candidates many times.

`GoalScorer` serves the small grasp-success predictor, `ActionScorer` QT-Opt's network. Further
networks bring a scorer of their own; CEM, export and serving stay as they are.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from rlcg_core import spec
from rlcg_train.network import GraspNetwork, sample_patches, scalars
from rlcg_train.preprocess import camera_centre_xy, crop_picture, picture
from rlcg_train.qt_opt_network import QtOptNetwork


class Scorer(nn.Module, ABC):
    """The port. ``extra_inputs``: names of the graph's inputs beside image and CEM's own.

    Samples have shape (N, V), V variables of the search.
    """

    extra_inputs: tuple[str, ...]

    @abstractmethod
    def encode(self, image: Tensor, extra: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return what all candidates of a frame share; ``image`` is uint8 (512, 640, 3)."""

    @abstractmethod
    def logits(self, code: tuple[Tensor, ...], samples: Tensor) -> Tensor:
        """Return logits (N,) of samples (N, V)."""

    @abstractmethod
    def action(self, best: Tensor, extra: tuple[Tensor, ...]) -> Tensor:
        """Return the spec's action (8,) of the chosen sample (V,)."""

    def decide(
        self, code: tuple[Tensor, ...], best: Tensor, logit: Tensor, extra: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor]:
        """Return the action (8,) and its logit (), given the search's best sample and its logit.

        A scorer that knows of choices beyond the search compares them here.
        """
        return self.action(best, extra), logit


class GoalScorer(Scorer):
    """Goals x, y [m], yaw [rad] in the base frame; inputs ``tool_pose`` (4,), ``projection``."""

    extra_inputs = ("tool_pose", "projection")

    def __init__(self, network: GraspNetwork) -> None:
        super().__init__()
        self.network = network.eval()

    def encode(self, image: Tensor, extra: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return picture, projection, camera centre and tool pose."""
        tool_pose, projection = extra
        seen = self.network.see(picture(image, self.network.settings.picture_px))
        return seen, projection, camera_centre_xy(projection), tool_pose

    def logits(self, code: tuple[Tensor, ...], samples: Tensor) -> Tensor:
        """Return logits (N,) of goals (N, 3)."""
        seen, projection, camera, tool = code
        patches = sample_patches(self.network.settings, seen, samples, projection)
        numbers = scalars(samples, tool[None].expand(samples.shape[0], 4), camera)
        scores: Tensor = self.network(patches, numbers)
        return scores

    def action(self, best: Tensor, extra: tuple[Tensor, ...]) -> Tensor:
        """Return a bounded step to the goal; the rule's fields stay zero."""
        tool, bound = extra[0], spec.DISPLACEMENT_BOUND_M
        step = torch.clamp(best[:2] - tool[:2], -bound, bound)
        turn = torch.clamp(best[2:3] - tool[3:4], -spec.YAW_BOUND_RAD, spec.YAW_BOUND_RAD)
        zero = torch.zeros_like(turn)
        return torch.cat([step, zero, torch.sin(turn), torch.cos(turn), zero, zero, zero])


class ActionScorer(Scorer):
    """Actions: displacement x, y, z [m], yaw change [rad], close, open, terminate in [0, 1].

    Of the three commands the largest counts, if above one half. Input ``state`` (2,).
    """

    extra_inputs = ("state",)

    def __init__(self, network: QtOptNetwork) -> None:
        super().__init__()
        self.network = network.eval()

    def encode(self, image: Tensor, extra: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the tower's features and the state."""
        return self.network.encode(crop_picture(image)), extra[0]

    def logits(self, code: tuple[Tensor, ...], samples: Tensor) -> Tensor:
        """Return logits (N,) of actions (N, 7)."""
        features, state = code
        states = state[None].expand(samples.shape[0], spec.STATE_DIM)
        return self.network.score(features, torch.cat([to_spec(samples), states], dim=1))

    def action(self, best: Tensor, extra: tuple[Tensor, ...]) -> Tensor:
        """Return the sample in the spec's form."""
        return to_spec(best[None])[0]


def to_spec(samples: Tensor) -> Tensor:
    """Return the spec's actions (N, 8) of samples (N, 7)."""
    yaw, commands = samples[:, 3:4], samples[:, 4:7]
    largest = commands.amax(dim=1, keepdim=True)
    flags = ((commands >= largest) & (commands > 0.5)).to(samples.dtype)
    # Of equal commands the first counts, so that at most one is given.
    first = torch.cat([flags[:, :1], flags[:, 1:2] * (1 - flags[:, :1])], dim=1)
    last = flags[:, 2:3] * (1 - first[:, :1]) * (1 - first[:, 1:2])
    return torch.cat([samples[:, :3], torch.sin(yaw), torch.cos(yaw), first, last], dim=1)
