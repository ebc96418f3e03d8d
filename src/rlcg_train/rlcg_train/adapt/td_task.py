# SPDX-License-Identifier: Apache-2.0
"""The task as QT-Opt learns it: targets are Bellman backups on the next states, seen alike."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from rlcg_train.adapt.task import TaskQ
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.labels import ReturnSettings, state_values
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.search import SearchSettings
from rlcg_train.qt_opt.target_networks import AverageSettings, TargetNetworks

ACTIONS = 64


@dataclass(frozen=True)
class Transitions:
    """A batch of steps; names as in `rlcg_train.qt_opt.q_function`, B rows.

    ``terminal`` (B,) of 0 or 1, ``reward`` (B,), ``success`` (B,) of the whole episodes; the
    pictures travel apart.
    """

    tool: Tensor
    state: Tensor
    target: Tensor
    command: Tensor
    reward: Tensor
    terminal: Tensor
    success: Tensor
    next_tool: Tensor
    next_state: Tensor
    projection: Tensor


@dataclass(frozen=True)
class BellmanSettings:
    """Discount and penalty, the search for V, and the averages that targets come from."""

    returns: ReturnSettings = field(default_factory=ReturnSettings)
    search: SearchSettings = field(default_factory=lambda: SearchSettings(12, 4, 2))
    averages: AverageSettings = field(default_factory=lambda: AverageSettings(0.995, 160, 4))


class TdTask(TaskQ[Transitions]):
    """A `QFunction` with target networks of its own."""

    needs_next = True

    def __init__(self, network: QFunction, settings: BellmanSettings) -> None:
        super().__init__()
        self.network, self._settings = network, settings
        self.target_networks = TargetNetworks(network, settings.averages)
        self.clipped_share = 0.0

    def logits(self, picture: Tensor, rows: Transitions) -> Tensor:
        """Return logits (B,) of what was done."""
        scene = Scene(picture, rows.tool, rows.state, rows.projection)
        target, command = rows.target[:, None], rows.command[:, None]
        return self.network.logits(scene, self.network.encode(scene), target, command)[:, 0]

    @torch.no_grad()
    def targets(self, next_picture: Tensor | None, rows: Transitions) -> Tensor:
        """Return the reward of last steps, r - penalty + gamma V(next) of others, in [0, 1]."""
        assert next_picture is not None, "Bellman targets need the next pictures"
        scene = Scene(next_picture, rows.next_tool, rows.next_state, rows.projection)
        generator = torch.Generator().manual_seed(int(torch.randint(2**31, (1,))))
        values = state_values(
            self.target_networks.averaged,
            self.target_networks.lagged,
            scene,
            self._settings.search,
            generator,
            rows.target[:, None],
        )
        onward = rows.reward - self._settings.returns.step_penalty
        raw = torch.where(
            rows.terminal > 0.5, rows.reward, onward + self._settings.returns.discount * values
        )
        self.clipped_share = float(((raw < 0.0) | (raw > 1.0)).float().mean())
        return raw.clamp(0.0, 1.0)

    def truth(self, rows: Transitions) -> Tensor:
        """Return whether the episodes succeeded (B,)."""
        return rows.success

    @torch.no_grad()
    def spread(self, picture: Tensor, rows: Transitions) -> Tensor:
        """Return the standard deviation of Q over random moves."""
        scene = Scene(picture, rows.tool, rows.state, rows.projection)
        noise = torch.randn(len(picture), ACTIONS, len(self.network.space.variables))
        target = self.network.space.to_target(self.network.space.draw(noise), scene.pose[:, None])
        command = torch.full(target.shape[:2], int(Command.MOVE))
        logits = self.network.logits(scene, self.network.encode(scene), target, command)
        return torch.sigmoid(logits).std(dim=1).mean()

    def after_step(self) -> None:
        """Move the target networks."""
        self.target_networks.update()

    def more_state(self) -> dict[str, Any]:
        """Return the target networks."""
        return self.target_networks.state_dict()

    def load_more_state(self, state: dict[str, Any]) -> None:
        """Go on with target networks of before."""
        self.target_networks.load_state_dict(state)
