# SPDX-License-Identifier: Apache-2.0
"""Serves the small Q-network: CEM over moves in the graph, and every command beside it."""

import torch
from torch import Tensor

from rlcg_train.preprocess import half_picture
from rlcg_train.qt_opt.patch_q import PatchQNetwork
from rlcg_train.qt_opt.q_function import Scene
from rlcg_train.qt_opt.reach import to_target
from rlcg_train.qt_opt.search import command_logits, move_logits
from rlcg_train.scorer import Scorer


class ReachScorer(Scorer):
    """Samples are of `rlcg_train.qt_opt.reach`; all eight numbers of the action are chosen by Q."""

    extra_inputs = ("state", "tool_pose", "projection")

    def __init__(self, network: PatchQNetwork) -> None:
        super().__init__()
        self.network = network.eval()

    def encode(self, image: Tensor, extra: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return picture, state, tool and projection, the tool's code, the commands' logits."""
        state, tool, projection = extra
        scene = Scene(half_picture(image), tool[None], state[None], projection)
        code = self.network.encode(scene)
        return (*scene, code, command_logits(self.network, scene, code))

    def logits(self, code: tuple[Tensor, ...], samples: Tensor) -> Tensor:
        """Return logits (N,) of moves (N, 4)."""
        scene = Scene(*code[:4])
        target = to_target(samples, scene.pose)[None]
        return move_logits(self.network, scene, code[4], target)[0]

    def action(self, best: Tensor, extra: tuple[Tensor, ...]) -> Tensor:
        """Return a step on the way to the chosen target, no command."""
        state, tool, _ = extra
        pose = torch.cat([tool[:2], state[1:2], tool[3:4]])
        bound = self.network.bound
        step = torch.clamp(to_target(best, pose) - pose, -bound, bound)
        nothing = torch.zeros(3)
        turn = step[3:4]
        return torch.cat([step[:3], torch.sin(turn), torch.cos(turn), nothing])

    def decide(
        self, code: tuple[Tensor, ...], best: Tensor, logit: Tensor, extra: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor]:
        """Return the best move, or the best command if its Q is above the move's."""
        highest, index = code[5][0].max(dim=0)
        given = torch.nn.functional.one_hot(index, 3).to(best.dtype)
        command = torch.cat([torch.zeros(4), torch.ones(1), given])
        better = highest > logit
        action = torch.where(better, command, self.action(best, extra))
        return action, torch.where(better, highest, logit)
