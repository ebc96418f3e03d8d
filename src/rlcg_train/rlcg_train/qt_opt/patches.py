# SPDX-License-Identifier: Apache-2.0
"""What the small Q-network sees: patches cut from the picture, and numbers about the way.

Tensor names: B frames, N choices of each, P planes, H x W patch.
"""

import torch
from torch import Tensor
from torch.nn import functional

from rlcg_core import spec
from rlcg_train.network import NetworkSettings
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
    grid = _places(patch, pose, heights, _to_picture(scene.projection))
    flat = grid.reshape(frames, count * planes * patch.span_px, patch.reach_px, 2)
    pixels = functional.grid_sample(scene.picture, flat, align_corners=False)
    shape = (frames, 3, count, planes, patch.span_px, patch.reach_px)
    pixels = pixels.reshape(shape).permute(0, 2, 3, 1, 4, 5)
    return pixels.reshape(frames * count, 3 * planes, patch.span_px, patch.reach_px)


def _to_picture(projection: Tensor) -> Tensor:
    """Return the (3, 4) that projects base-frame points [m] to coordinates of grid_sample.

    Those of the half-size crop: see `rlcg_train.network.to_grid`.
    """
    u, v, w = projection[0], projection[1], projection[2]
    left, top = (2 * edge / spec.CROP_PX + 1 for edge in (spec.CROP_LEFT_PX, spec.CROP_TOP_PX))
    return torch.stack([2 / spec.CROP_PX * u - left * w, 2 / spec.CROP_PX * v - top * w, w])


def _places(patch: NetworkSettings, pose: Tensor, heights: Tensor, to_picture: Tensor) -> Tensor:
    """Return where patches lie in the picture (B, N, P, H, W, 2).

    A patch is flat, so before the division its projection is a sum of three parts: its centre, the
    way along its rows and the way along its columns. That needs no point per pixel.
    """
    sine, cosine = torch.sin(pose[..., 3:4]), torch.cos(pose[..., 3:4])
    per_x, per_y, per_z, offset = to_picture.unbind(dim=1)
    flat = pose[..., 0:1] * per_x + pose[..., 1:2] * per_y + offset
    centre = flat[:, :, None] + heights[..., None] * per_z
    along = (sine * per_x - cosine * per_y)[:, :, None]
    across = (cosine * per_x + sine * per_y)[:, :, None]
    here = pose.device
    reach = torch.linspace(-patch.reach_m, patch.reach_m, patch.reach_px, device=here)
    span = torch.linspace(-patch.span_m, patch.span_m, patch.span_px, device=here)[:, None]

    def spread(axis: int) -> Tensor:
        middle, row, column = (part[..., axis, None, None] for part in (centre, along, across))
        return middle + column * span + row * reach

    depth = 1.0 / spread(2)
    return torch.stack([spread(0) * depth, spread(1) * depth], dim=-1)
