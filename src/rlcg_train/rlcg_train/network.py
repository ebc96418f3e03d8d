# SPDX-License-Identifier: Apache-2.0
"""The grasp-success predictor: looks at the picture where the jaw would close.

After Levine et al. 2016 (hand-eye coordination; the task model C of GraspGAN): the probability
that a grasp at a given pose succeeds. For each candidate pose the network samples a patch of the
image, turned to the jaw and laid out on horizontal planes through the known camera, so that the
same grasp looks the same anywhere in the bin; two planes give a hint of height.

Tensor names: B batch, P planes, H x W patch, S scalars.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from rlcg_core import spec

HALF_PX = spec.CROP_PX // 2


@dataclass(frozen=True)
class NetworkSettings:
    """Layout of the patch and width of the network.

    ``planes_m``: heights above the tray at which the patch is sampled; ``reach_m`` and
    ``span_m``: half extents along the closing direction and across it. ``channels`` of the picture:
    6 for a picture with its adaptation; ``picture_px``: side of the picture it is cut from.
    """

    planes_m: tuple[float, ...] = (0.012, 0.05)
    reach_px: int = 32
    span_px: int = 24
    reach_m: float = 0.064
    span_m: float = 0.048
    widths: tuple[int, ...] = (32, 64, 64)
    hidden: int = 128
    channels: int = 3
    picture_px: int = HALF_PX

    def as_dict(self) -> dict[str, object]:
        """Return plain data for checkpoints and provenance."""
        return asdict(self)

    @property
    def features(self) -> int:
        """Return how many numbers the tower makes of a patch."""
        return self.widths[-1] * (self.reach_px // 8) * (self.span_px // 8)


SCALARS = 9


class GraspNetwork(nn.Module):
    """Maps patches (B, C * P, H, W) in [-1, 1] and scalars (B, S) to success logits (B,)."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.features = tower(settings)
        self.head = nn.Sequential(
            nn.Linear(settings.features + SCALARS, settings.hidden),
            nn.ReLU(),
            nn.Linear(settings.hidden, settings.hidden),
            nn.ReLU(),
            nn.Linear(settings.hidden, 1),
        )

    def see(self, picture: Tensor) -> Tensor:
        """Return what patches are cut from, of a camera's picture (B, 3, S, S) in [-1, 1]."""
        return picture

    def forward(self, patches: Tensor, scalars: Tensor) -> Tensor:
        """Return logits (B,)."""
        features = self.features(patches)
        logits: Tensor = self.head(torch.cat([features, scalars], dim=1))
        return logits[:, 0]


def tower(settings: NetworkSettings) -> nn.Sequential:
    """Return the layers from patches (B, C * P, H, W) to features (B, F)."""
    first, second, third = settings.widths
    return nn.Sequential(
        *_block(settings.channels * len(settings.planes_m), first, kernel=5, stride=2),
        *_block(first, second, kernel=3, stride=2),
        *_block(second, second, kernel=3, stride=1),
        *_block(second, third, kernel=3, stride=2),
        nn.Flatten(),
    )


def _block(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def patch_places(settings: NetworkSettings, goal: Tensor) -> tuple[Tensor, Tensor]:
    """Return base-frame x and y, each (B, H * W), of the patches at goals (B, 3) of x, y, yaw.

    Rows run across the jaw, columns along its closing direction, (sin yaw, -cos yaw).
    """
    here = goal.device
    reach = torch.linspace(-settings.reach_m, settings.reach_m, settings.reach_px, device=here)
    span = torch.linspace(-settings.span_m, settings.span_m, settings.span_px, device=here)
    rows, columns = settings.span_px, settings.reach_px
    reach_grid = reach.reshape(1, columns).expand(rows, columns).reshape(1, -1)
    span_grid = span.reshape(rows, 1).expand(rows, columns).reshape(1, -1)
    sine, cosine = torch.sin(goal[:, 2:3]), torch.cos(goal[:, 2:3])
    x = goal[:, 0:1] + reach_grid * sine + span_grid * cosine
    return x, goal[:, 1:2] - reach_grid * cosine + span_grid * sine


def patch_points(settings: NetworkSettings, goal: Tensor) -> Tensor:
    """Return base-frame points (B, P, H * W, 3) of the patches at goals (B, 3) of x, y, yaw."""
    x, y = patch_places(settings, goal)
    planes = [torch.stack([x, y, torch.full_like(x, z)], dim=-1) for z in settings.planes_m]
    return torch.stack(planes, dim=1)


def to_grid(points: Tensor, projection: Tensor) -> Tensor:
    """Project points (B, N, 3) by (3, 4) into the half-size crop; grid_sample coordinates."""
    uvw = points @ projection[:, :3].T + projection[:, 3]
    u = uvw[..., 0] / uvw[..., 2] - spec.CROP_LEFT_PX
    v = uvw[..., 1] / uvw[..., 2] - spec.CROP_TOP_PX
    # Pixel centres lie at whole numbers of a crop pixel plus one half; -1 and 1 are its borders.
    return torch.stack([2 * u / spec.CROP_PX - 1, 2 * v / spec.CROP_PX - 1], dim=-1)


def sample_patches(
    settings: NetworkSettings, image: Tensor, goal: Tensor, projection: Tensor
) -> Tensor:
    """Return patches (B, C * P, H, W).

    ``image``: the centre crop at any size, (B, C, S, S), or (1, C, S, S) shared by all goals
    (B, 3), in [-1, 1].
    """
    points = patch_points(settings, goal)
    batch, planes, count, _ = points.shape
    grid = to_grid(points.reshape(batch, planes * count, 3), projection)
    if image.shape[0] == 1:
        flat = grid.reshape(1, batch, planes * count, 2)
        sampled = functional.grid_sample(image, flat, align_corners=False)[0]
        sampled = sampled.reshape(-1, batch, planes, settings.span_px, settings.reach_px)
        sampled = sampled.permute(1, 2, 0, 3, 4)
    else:
        flat = grid.reshape(batch, planes, count, 2)
        sampled = functional.grid_sample(image, flat, align_corners=False)
        sampled = sampled.reshape(batch, -1, planes, settings.span_px, settings.reach_px)
        sampled = sampled.permute(0, 2, 1, 3, 4)
    return sampled.reshape(batch, -1, settings.span_px, settings.reach_px)


def scalars(goal: Tensor, tool: Tensor, camera_xy: Tensor) -> Tensor:
    """Return scalars (B, S): where camera and tool stand, seen from the jaw at the goal.

    ``tool`` (B, 4) of x, y, z [m], yaw [rad]; ``camera_xy`` (2,) [m]. Along the closing direction
    comes first, then across. Lengths are scaled to about one.
    """
    sine, cosine = torch.sin(goal[:, 2]), torch.cos(goal[:, 2])

    def in_jaw(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x * sine - y * cosine, x * cosine + y * sine

    view_x, view_y = camera_xy[0] - goal[:, 0], camera_xy[1] - goal[:, 1]
    distance = torch.sqrt(view_x * view_x + view_y * view_y)
    view = in_jaw(view_x / distance, view_y / distance)
    offset = in_jaw(tool[:, 0] - goal[:, 0], tool[:, 1] - goal[:, 1])
    turn = 2 * (tool[:, 3] - goal[:, 2])
    numbers = [*view, 2 * distance - 1.4, 8 * offset[0], 8 * offset[1], 8 * tool[:, 2] - 1]
    near = torch.exp(-200 * (offset[0] ** 2 + offset[1] ** 2))
    return torch.stack([*numbers, torch.sin(turn), torch.cos(turn), near], dim=1)
