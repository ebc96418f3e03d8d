# SPDX-License-Identifier: Apache-2.0
"""Serves a Q-function of QT-Opt: CEM over moves in the graph, and every command beside it."""

import torch
from torch import Tensor

from rlcg_train.qt_opt.actions import spec_action
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.search import COMMANDS, command_logits, move_logits
from rlcg_train.scorer import Scorer


class WholeActionScorer(Scorer):
    """Samples are of the network's space; all eight numbers of the action are chosen by Q.

    The network's inputs come in the order ``state``, ``tool_pose`` and, where it is needed,
    ``projection``.
    """

    def __init__(self, network: QFunction) -> None:
        super().__init__()
        self.network = network.eval()
        self.extra_inputs = network.inputs

    def encode(self, image: Tensor, extra: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the scene, what its choices share, and the commands' logits."""
        state, tool = extra[:2]
        projection = extra[2] if len(extra) > 2 else torch.zeros(3, 4)
        scene = Scene(self.network.see(image), tool[None], state[None], projection)
        code = self.network.encode(scene)
        return (*scene, code, command_logits(self.network, scene, code))

    def logits(self, code: tuple[Tensor, ...], samples: Tensor) -> Tensor:
        """Return logits (N,) of moves (N, 4)."""
        scene = Scene(*code[:4])
        target = self.network.space.to_target(samples, scene.pose)[None]
        return move_logits(self.network, scene, code[4], target)[0]

    def action(self, best: Tensor, extra: tuple[Tensor, ...]) -> Tensor:
        """Return a step on the way to the chosen target, no command."""
        pose = _pose(extra)
        target = self.network.space.to_target(best, pose)
        return spec_action(pose, target, torch.tensor(int(Command.MOVE)))

    def decide(
        self, code: tuple[Tensor, ...], best: Tensor, logit: Tensor, extra: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor]:
        """Return the best move, or the best command if its Q is above the move's."""
        highest, index = code[5][0].max(dim=0)
        pose = _pose(extra)
        command = spec_action(pose, pose, torch.tensor(COMMANDS)[index])
        better = highest > logit
        action = torch.where(better, command, self.action(best, extra))
        return action, torch.where(better, highest, logit)


def _pose(extra: tuple[Tensor, ...]) -> Tensor:
    """Return where the tool is (4,): x, y, height above the tray [m], yaw [rad]."""
    state, tool = extra[:2]
    return torch.cat([tool[:2], state[1:2], tool[3:4]])
