# SPDX-License-Identifier: Apache-2.0
"""What is varied while training: colours, noise, cut-outs, the pose itself, and symmetries."""

import torch
from torch import Tensor

POSE_JITTER_M = 0.0025
POSE_JITTER_RAD = 0.05


def jitter_goal(goal: Tensor) -> Tensor:
    """Blur goals (B, 3) a little, and turn half of them by pi: the jaw is symmetric."""
    noise = torch.randn_like(goal)
    half_turn = torch.pi * (torch.rand(len(goal), device=goal.device) < 0.5)
    x, y = goal[:, 0] + POSE_JITTER_M * noise[:, 0], goal[:, 1] + POSE_JITTER_M * noise[:, 1]
    return torch.stack([x, y, goal[:, 2] + POSE_JITTER_RAD * noise[:, 2] + half_turn], dim=1)


def mirror(patches: Tensor, scalars: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror half of the batch along the closing direction, scalars with it.

    The mirror image of a scene is as likely a scene, and its camera stands mirrored.
    """
    chosen = torch.rand(len(patches), device=patches.device) < 0.5
    flipped = torch.where(chosen[:, None, None, None], patches.flip(3), patches)
    # Scalars that change sign: view and tool along closing, and the sine of the turn.
    sign = torch.tensor([-1.0, 1, 1, -1, 1, 1, -1, 1, 1], device=scalars.device)
    return flipped, torch.where(chosen[:, None], scalars * sign, scalars)


def colours(patches: Tensor) -> Tensor:
    """Permute channels, change gamma, gain and tint, add noise and a cut-out; (B, 3P, H, W)."""
    batch, channels, height, width = patches.shape
    here = patches.device
    planes = patches.reshape(batch, channels // 3, 3, height, width)
    order = torch.stack([torch.randperm(3) for _ in range(batch)]).to(here)
    planes = torch.gather(planes, 2, order[:, None, :, None, None].expand_as(planes))
    unit = (0.5 * (planes + 1)).clamp(0, 1)
    gamma = torch.exp(0.35 * torch.randn(batch, 1, 1, 1, 1, device=here))
    gain = 1 + 0.15 * torch.randn(batch, 1, 3, 1, 1, device=here)
    shift = 0.06 * torch.randn(batch, 1, 3, 1, 1, device=here)
    unit = gain * unit.pow(gamma) + shift + 0.02 * torch.randn_like(unit)
    return (2 * _cut_out(unit) - 1).reshape(patches.shape)


def _cut_out(planes: Tensor, size: int = 6, share: float = 0.3) -> Tensor:
    """Grey out one square in a share of the batch."""
    batch, _, _, height, width = planes.shape
    here = planes.device
    top = torch.randint(height, (batch,), device=here)
    left = torch.randint(width, (batch,), device=here)
    rows, columns = torch.arange(height, device=here), torch.arange(width, device=here)
    inside_rows = (rows - top[:, None]).abs() <= size // 2
    inside_columns = (columns - left[:, None]).abs() <= size // 2
    hole = inside_rows[:, :, None] & inside_columns[:, None, :]
    hole &= (torch.rand(batch, device=here) < share)[:, None, None]
    return torch.where(hole[:, None, None], 0.5, planes)
