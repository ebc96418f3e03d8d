# SPDX-License-Identifier: Apache-2.0
"""What learning needs of a Q-network, whatever its size: the port that both profiles implement.

Tensor names: B frames, N choices of each. Targets are x, y, height above the tray [m], yaw [rad];
commands are numbers of `rlcg_train.qt_opt.choice.Command`.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rlcg_train.qt_opt.space import Space


class Scene(NamedTuple):
    """Observed frames: ``picture`` as the network's `prepare` made it.

    ``tool`` (B, 4) of x, y, z [m], yaw [rad]; ``state`` (B, 2) of gripper closed and height above
    the tray [m]; ``projection`` (3, 4) base frame [m] to pixels of the full image.
    """

    picture: Tensor
    tool: Tensor
    state: Tensor
    projection: Tensor

    @property
    def pose(self) -> Tensor:
        """Return where the tools are (B, 4): x, y, height above the tray [m], yaw [rad]."""
        return torch.cat([self.tool[:, :2], self.state[:, 1:2], self.tool[:, 3:4]], dim=1)


class QFunction(nn.Module, ABC):
    """Logits of Q.

    ``side_px``: of the square pictures that it sees; ``inputs``: what it needs beside the picture
    when it serves; ``profile``: its name in `rlcg_train.profiles`; ``space``: what CEM searches;
    ``bf16``: whether `varied_logits` and the search for labels multiply in bfloat16.
    """

    side_px: int
    inputs: tuple[str, ...]
    profile: str
    space: Space
    bf16: bool = False

    @property
    def device(self) -> torch.device:
        """Return where its weights lie."""
        return next(self.parameters(), torch.empty(0)).device

    def autocast(self) -> torch.autocast:
        """Return a context in which it multiplies as ``bf16`` says."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    @abstractmethod
    def layout(self) -> dict[str, object]:
        """Return the network's settings as plain data, for checkpoints."""

    @abstractmethod
    def see(self, image: Tensor) -> Tensor:
        """Return the picture of a camera image, uint8 (512, 640, 3), with B = 1."""

    @abstractmethod
    def prepare(self, pixels: Tensor) -> Tensor:
        """Return pictures of bytes (B, side, side, 3) as the network takes them."""

    @abstractmethod
    def encode(self, scene: Scene) -> Tensor:
        """Return what all choices of a frame share, B first: run once per frame."""

    @abstractmethod
    def logits(self, scene: Scene, code: Tensor, target: Tensor, command: Tensor) -> Tensor:
        """Return logits (B, N) of targets (B, N, 4) and commands (B, N)."""

    @abstractmethod
    def varied_logits(self, scene: Scene, target: Tensor, command: Tensor) -> Tensor:
        """Return logits (B,) of one choice each, with all that is varied while training.

        Random numbers come from torch's own generator.
        """
