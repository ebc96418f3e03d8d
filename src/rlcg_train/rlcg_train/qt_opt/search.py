# SPDX-License-Identifier: Apache-2.0
"""The search for the best choice of many frames at once: CEM over moves, every command tried.

Commands move nothing, so each has one Q per frame: they are enumerated, not sampled. That gives
the same answer as a categorical variable in CEM would with endless samples.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.q_function import QFunction, Scene

NEVER = -1e9
COMMANDS = (int(Command.CLOSE), int(Command.OPEN), int(Command.TERMINATE))


@dataclass(frozen=True)
class SearchSettings:
    """Samples per iteration, elites and iterations: QT-Opt's 64, 6 and 2 unless said otherwise."""

    samples: int = 64
    elites: int = 6
    iterations: int = 2


class Found(NamedTuple):
    """The best choice of each frame: ``target`` (B, 4), ``command`` (B,), ``logit`` (B,)."""

    target: Tensor
    command: Tensor
    logit: Tensor


def command_logits(q: QFunction, scene: Scene, code: Tensor) -> Tensor:
    """Return logits (B, 3) of close, open, terminate; what would change nothing counts as never."""
    frames = len(scene.tool)
    command = torch.tensor(COMMANDS, device=scene.tool.device).expand(frames, len(COMMANDS))
    target = scene.pose[:, None].expand(frames, len(COMMANDS), 4)
    closed = scene.state[:, 0]
    useless = torch.stack([closed, 1 - closed, torch.zeros_like(closed)], dim=1) > 0.5
    logits = q.logits(scene, code, target, command)
    return torch.where(useless, torch.full_like(logits, NEVER), logits)


@torch.no_grad()
def best_choices(
    q: QFunction,
    scene: Scene,
    settings: SearchSettings,
    generator: torch.Generator,
    also: Tensor | None = None,
) -> Found:
    """Return the best choices of B frames; ``also`` (B, K, 4) are further targets to try."""
    code, frames, space = q.encode(scene), len(scene.tool), q.space
    commands = command_logits(q, scene, code)
    floor = scene.tool.new_tensor(space.std_floor)
    mean = scene.tool.new_tensor(space.start.mean0).expand(frames, 1, -1)
    std = scene.tool.new_tensor(space.start.std0).expand(frames, 1, -1)
    targets, scores = [], []
    for iteration in range(settings.iterations):
        noise = torch.randn(frames, settings.samples, len(space.variables), generator=generator)
        samples = space.inside(mean + std * noise.to(mean.device))
        target = space.to_target(samples, scene.pose[:, None])
        if also is not None and iteration == 0:
            target = torch.cat([target, also], dim=1)
        score = move_logits(q, scene, code, target)
        best = score[:, : settings.samples].topk(settings.elites, dim=1).indices
        elite = samples.gather(1, best[:, :, None].expand(-1, -1, len(space.variables)))
        mean = elite.mean(dim=1, keepdim=True)
        std = torch.maximum(elite.std(dim=1, keepdim=True), floor)
        targets.append(target)
        scores.append(score)
    return _best(torch.cat(targets, dim=1), torch.cat(scores, dim=1), commands)


def move_logits(q: QFunction, scene: Scene, code: Tensor, target: Tensor) -> Tensor:
    """Return logits (B, N) of moves to targets (B, N, 4)."""
    command = torch.zeros(target.shape[:2], dtype=torch.long, device=target.device)
    return q.logits(scene, code, target, command)


def _best(targets: Tensor, moves: Tensor, commands: Tensor) -> Found:
    logit, index = torch.cat([moves, commands], dim=1).max(dim=1)
    count = moves.shape[1]
    rows = torch.arange(len(index), device=index.device)
    given = torch.tensor(COMMANDS, device=index.device)[(index - count).clamp(min=0)]
    command = torch.where(index < count, 0, given)
    return Found(targets[rows, index.clamp(max=count - 1)], command, logit)
