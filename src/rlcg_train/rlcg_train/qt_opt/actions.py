# SPDX-License-Identifier: Apache-2.0
"""From choices to the spec's actions, as tensors: what `choice.action_of` does for one."""

import torch
from torch import Tensor

from rlcg_train.qt_opt.choice import STEP_BOUND, Command

BOUND = torch.tensor(STEP_BOUND).float()


def spec_action(pose: Tensor, target: Tensor, command: Tensor) -> Tensor:
    """Return actions (..., 8) of targets (..., 4) and commands (...), for tools at poses (..., 4).

    A move is the bounded step towards its target; a command moves nothing.
    """
    moves = (command == int(Command.MOVE))[..., None]
    bound = BOUND.to(pose.device)
    step = torch.clamp(target - pose, -bound, bound) * moves
    turn = step[..., 3:4]
    given = [command[..., None] == int(c) for c in (Command.CLOSE, Command.OPEN, Command.TERMINATE)]
    flags = torch.cat(given, dim=-1).to(step.dtype)
    return torch.cat([step[..., :3], torch.sin(turn), torch.cos(turn), flags], dim=-1)
