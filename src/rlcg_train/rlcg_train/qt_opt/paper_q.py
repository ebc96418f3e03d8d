# SPDX-License-Identifier: Apache-2.0
"""QT-Opt's own network behind the same port: the whole picture, and the action that is carried out.

Where the small network looks at the place that a move leads to, this one gets the bounded step
itself, as eight numbers, and must find the place in the picture.
"""

import torch
from torch import Tensor

from rlcg_train.preprocess import crop_picture
from rlcg_train.qt_opt.actions import spec_action
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.space import STEP_SPACE
from rlcg_train.qt_opt_network import QtOptNetwork, QtOptSettings

# As in tensor2robot's image transformations; one draw for a batch.
BRIGHTNESS = 0.125
CONTRAST = (0.5, 1.5)
NOISE = 0.03


class PaperQ(QFunction):
    """Q at paper size: 472 px and 1.24 million parameters with the default settings."""

    inputs = ("state", "tool_pose")
    profile = "step"
    space = STEP_SPACE

    def __init__(self, settings: QtOptSettings) -> None:
        super().__init__()
        self.settings = settings
        self.side_px = settings.scale_px
        self.network = QtOptNetwork(settings)

    def layout(self) -> dict[str, object]:
        """Return the settings as plain data."""
        return self.settings.as_dict()

    def see(self, image: Tensor) -> Tensor:
        """Return the centre crop of a camera image (512, 640, 3) as (1, 3, 472, 472) in [0, 1]."""
        return crop_picture(image)

    def prepare(self, pixels: Tensor) -> Tensor:
        """Return bytes (B, 472, 472, 3) as (B, 3, 472, 472) in [0, 1]."""
        return pixels.permute(0, 3, 1, 2).float() / 255.0

    def encode(self, scene: Scene) -> Tensor:
        """Return the tower's features (B, C, 27, 27)."""
        return self.network.encode(scene.picture)

    def logits(self, scene: Scene, code: Tensor, target: Tensor, command: Tensor) -> Tensor:
        """Return logits (B, N), a frame's features shared by its choices."""
        rows = []
        for frame in range(len(code)):
            condition = self._condition(scene, target, command)[frame]
            rows.append(self.network.score(code[frame : frame + 1], condition))
        return torch.stack(rows)

    def varied_logits(self, scene: Scene, target: Tensor, command: Tensor) -> Tensor:
        """Return logits (B,) of distorted pictures."""
        condition = self._condition(scene, target[:, None], command[:, None])[:, 0]
        with self.autocast():
            features = self.network.encode(_distorted(scene.picture))
            return self.network.score(features, condition).float()

    @staticmethod
    def _condition(scene: Scene, target: Tensor, command: Tensor) -> Tensor:
        """Return actions and states (B, N, 10)."""
        pose = scene.pose[:, None].expand_as(target)
        states = scene.state[:, None].expand(*command.shape, scene.state.shape[1])
        return torch.cat([spec_action(pose, target, command), states], dim=-1)


def _distorted(picture: Tensor) -> Tensor:
    """Return pictures with brightness and contrast changed, and noise in every other batch."""
    low, high = CONTRAST
    mean = picture.mean(dim=(2, 3), keepdim=True)
    contrast = low + (high - low) * torch.rand(1, device=picture.device)
    shift = BRIGHTNESS * (2 * torch.rand(1, device=picture.device) - 1)
    changed = (picture - mean) * contrast + mean + shift
    if torch.rand(1) < 0.5:
        changed = changed + NOISE * torch.randn_like(changed)
    return changed.clamp(0.0, 1.0)
