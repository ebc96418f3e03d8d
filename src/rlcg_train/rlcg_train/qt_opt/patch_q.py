# SPDX-License-Identifier: Apache-2.0
"""The small Q-network: looks where the tool would go, and at the tool itself.

Two patches of the picture, turned to the jaw and laid on horizontal planes through the known
camera: one at the target, near the tray, which says what a grasp there would find; one at the tool,
at its height, which says what is between the fingers now. A command's target is the tool itself.
Numbers say how far the way is. The tower at the target has the layout of `rlcg_train.network`, so
it can begin with the weights of a grasp-success predictor.

Tensor names: M rows (frames times choices), P planes.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from rlcg_core import spec
from rlcg_train import augment
from rlcg_train.network import GraspNetwork, NetworkSettings, tower
from rlcg_train.preprocess import camera_centre_xy, half_picture
from rlcg_train.qt_opt.actions import BOUND
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.patches import cut, from_jaw, of_height
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.space import REACH_SPACE

HALF_PX = spec.CROP_PX // 2
LOWEST_M = 0.004


@dataclass(frozen=True)
class PatchQSettings:
    """``target_planes_m`` above the tray; ``own_planes_m`` relative to the tool's tip."""

    target_planes_m: tuple[float, ...] = (0.012, 0.05)
    own_planes_m: tuple[float, ...] = (0.0, -0.03)
    reach_px: int = 32
    span_px: int = 24
    reach_m: float = 0.064
    span_m: float = 0.048
    widths: tuple[int, ...] = (32, 64, 64)
    hidden: int = 192

    @property
    def scale_px(self) -> int:
        """Return the side of the square pictures that the patches are cut from."""
        return HALF_PX

    def as_dict(self) -> dict[str, object]:
        """Return plain data for checkpoints and provenance."""
        return asdict(self)

    def patch(self, planes_m: tuple[float, ...]) -> NetworkSettings:
        """Return the layout of one of the patches."""
        return NetworkSettings(
            planes_m, self.reach_px, self.span_px, self.reach_m, self.span_m, self.widths
        )


# Signs of the numbers in a picture that is mirrored along the closing direction, or across it.
ALONG = (-1, 1, 1, -1, 1, -1) + (1,) * 23
ACROSS = (1, -1, 1, 1, -1, -1) + (1,) * 23
NUMBERS = len(ALONG)
COMMANDS = len(Command)
JITTER = (0.0015, 0.0015, 0.0, 0.03)


class PatchQNetwork(QFunction):
    """Q by patches; see the module."""

    side_px = HALF_PX
    inputs = ("state", "tool_pose", "projection")
    profile = "reach"
    space = REACH_SPACE

    def __init__(self, settings: PatchQSettings) -> None:
        super().__init__()
        self.settings = settings
        self._target_patch = settings.patch(settings.target_planes_m)
        self._own_patch = settings.patch(settings.own_planes_m)
        self.target_tower, self.own_tower = tower(self._target_patch), tower(self._own_patch)
        self.from_target = nn.Linear(self._target_patch.features, settings.hidden)
        self.from_own = nn.Linear(self._own_patch.features, settings.hidden, bias=False)
        self.from_numbers = nn.Linear(NUMBERS, settings.hidden, bias=False)
        self.head = nn.Sequential(
            nn.ReLU(),
            nn.Linear(settings.hidden, settings.hidden),
            nn.ReLU(),
            nn.Linear(settings.hidden, settings.hidden),
            nn.ReLU(),
            nn.Linear(settings.hidden, 1),
        )

    def begin_with(self, trained: GraspNetwork) -> None:
        """Copy the tower of a grasp-success predictor into the one at the target."""
        self.target_tower.load_state_dict(trained.features.state_dict())

    def layout(self) -> dict[str, object]:
        """Return the settings as plain data."""
        return self.settings.as_dict()

    def see(self, image: Tensor) -> Tensor:
        """Return the half-size centre crop of a camera image as (1, 3, 236, 236) in [-1, 1]."""
        return half_picture(image)

    def prepare(self, pixels: Tensor) -> Tensor:
        """Return bytes (B, 236, 236, 3) as (B, 3, 236, 236) in [-1, 1]."""
        # In place, and permuted last: a third of the time of the plain expression.
        return pixels.float().mul_(1 / 127.5).sub_(1.0).permute(0, 3, 1, 2)

    def encode(self, scene: Scene) -> Tensor:
        """Return the part of the first layer (B, hidden) that the tool's patch decides."""
        code: Tensor = self.from_own(self.own_tower(self._own_pixels(scene)))
        return code

    def logits(self, scene: Scene, code: Tensor, target: Tensor, command: Tensor) -> Tensor:
        """Return logits (B, N)."""
        frames, count = command.shape
        target = _of_command(scene, target, command)
        pixels = self._target_pixels(scene, target)
        numbers = self._numbers(scene, target, command).reshape(frames * count, NUMBERS)
        first = self.from_target(self.target_tower(pixels)) + self.from_numbers(numbers)
        first = first.reshape(frames, count, -1) + code[:, None]
        scores: Tensor = self.head(first)
        return scores[:, :, 0]

    def varied_logits(self, scene: Scene, target: Tensor, command: Tensor) -> Tensor:
        """Return logits (B,): targets blurred a little, colours changed, patches mirrored."""
        target = _of_command(scene, target[:, None], command[:, None])
        target = target + torch.randn_like(target) * target.new_tensor(JITTER)
        own, ahead = self._own_pixels(scene), self._target_pixels(scene, target)
        numbers = self._numbers(scene, target, command[:, None])[:, 0]
        pixels = augment.colours(torch.cat([ahead, own], dim=1))
        for dimension, signs in ((3, ALONG), (2, ACROSS)):
            chosen = torch.rand(len(pixels), device=pixels.device) < 0.5
            pixels = torch.where(chosen[:, None, None, None], pixels.flip(dimension), pixels)
            numbers = torch.where(chosen[:, None], numbers * numbers.new_tensor(signs), numbers)
        ahead, own = pixels[:, : ahead.shape[1]], pixels[:, ahead.shape[1] :]
        with self.autocast():
            first = self.from_target(self.target_tower(ahead))
            first = first + self.from_own(self.own_tower(own)) + self.from_numbers(numbers)
            scores: Tensor = self.head(first)
        return scores[:, 0].float()

    def _own_pixels(self, scene: Scene) -> Tensor:
        """Return the patches (B, 3P, H, W) at the tools, at their heights."""
        pose = scene.pose
        planes = pose.new_tensor(self.settings.own_planes_m)
        heights = (pose[:, 2:3] + planes).clamp(min=LOWEST_M)
        return cut(scene, self._own_patch, pose[:, None], heights[:, None])

    def _target_pixels(self, scene: Scene, target: Tensor) -> Tensor:
        """Return the patches (B * N, 3P, H, W) at targets (B, N, 4), near the tray."""
        planes = target.new_tensor(self.settings.target_planes_m)
        heights = planes.expand(*target.shape[:2], len(planes))
        return cut(scene, self._target_patch, target, heights)

    def _numbers(self, scene: Scene, target: Tensor, command: Tensor) -> Tensor:
        """Return (B, N, `NUMBERS`): view and tool seen from the jaw, the way, heights, command."""
        pose = scene.pose[:, None].expand_as(target)
        seen = from_jaw(target, pose, camera_centre_xy(scene.projection))
        steps = ((target - pose) / BOUND.to(pose.device)).abs()
        flat = torch.maximum(steps[..., 0], steps[..., 1])
        way = torch.stack([flat, steps[..., 2], steps[..., 3]], dim=-1)
        longest = way.amax(dim=-1, keepdim=True)
        near = torch.exp(-2000 * ((target - pose)[..., :2] ** 2).sum(dim=-1, keepdim=True))
        closed = scene.state[:, None, :1].expand(*command.shape, 1)
        given = nn.functional.one_hot(command, COMMANDS).to(closed.dtype)
        return torch.cat(
            [
                *(seen, 0.25 * way, 0.25 * longest, torch.exp(-0.5 * longest), near),
                *(of_height(pose[..., 2:3]), of_height(target[..., 2:3])),
                *(16 * (target - pose)[..., 2:3], closed, given, given * closed),
            ],
            dim=-1,
        )


def _of_command(scene: Scene, target: Tensor, command: Tensor) -> Tensor:
    """Return targets (B, N, 4) with those of commands at the tool."""
    moves = (command == int(Command.MOVE))[..., None]
    return torch.where(moves, target, scene.pose[:, None].expand_as(target))
