# SPDX-License-Identifier: Apache-2.0
"""What the small Q-network sees: patches cut from the picture, and numbers about the way.

Tensor names: B frames, N choices of each, P planes, H x W patch.
"""

import torch
from torch import Tensor
from torch.nn import functional

from rlcg_train.network import NetworkSettings, patch_places, to_grid
from rlcg_train.qt_opt.q_function import Scene


def of_height(height: Tensor) -> Tensor:
    """Return a height (..., 1) [m] on three scales."""
    near = [torch.exp(-height / scale_m) for scale_m in (0.02, 0.06)]
    return torch.cat([8 * height - 1, *near], dim=-1)


def from_jaw(target: Tensor, pose: Tensor, camera_xy: Tensor) -> Tensor:
    """Return (B, N, 7): where camera and tool stand, seen from the jaw at the target."""
    sine, cosine = torch.sin(target[..., 3]), torch.cos(target[..., 3])

    def in_jaw(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x * sine - y * cosine, x * cosine + y * sine

    view_x, view_y = camera_xy[0] - target[..., 0], camera_xy[1] - target[..., 1]
    distance = torch.sqrt(view_x * view_x + view_y * view_y)
    view = in_jaw(view_x / distance, view_y / distance)
    away = pose - target
    offset = in_jaw(8 * away[..., 0], 8 * away[..., 1])
    turn = away[..., 3]
    numbers = [*view, 2 * distance - 1.4, *offset, torch.sin(turn), torch.cos(turn)]
    return torch.stack(numbers, dim=-1)


def cut(scene: Scene, patch: NetworkSettings, pose: Tensor, heights: Tensor) -> Tensor:
    """Return patches (B * N, 3P, H, W) at poses (B, N, 4), on planes at heights (B, N, P) [m]."""
    frames, count, planes = heights.shape
    rows = frames * count
    x, y = patch_places(patch, pose.reshape(rows, 4)[:, [0, 1, 3]])
    z = heights.reshape(rows, planes, 1).expand(rows, planes, x.shape[1])
    flat = [value[:, None].expand_as(z) for value in (x, y)]
    points = torch.stack([*flat, z], dim=-1).reshape(frames, -1, 3)
    grid = to_grid(points, scene.projection).reshape(frames, -1, patch.reach_px, 2)
    pixels = functional.grid_sample(scene.picture, grid, align_corners=False)
    shape = (frames, 3, count, planes, patch.span_px, patch.reach_px)
    pixels = pixels.reshape(shape).permute(0, 2, 3, 1, 4, 5)
    return pixels.reshape(rows, 3 * planes, patch.span_px, patch.reach_px)
