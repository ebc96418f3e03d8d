# SPDX-License-Identifier: Apache-2.0
"""QT-Opt's Q-network at full size: picture, gripper state and action to one logit.

Layers as in tensor2robot's Grasping44 (research/qtopt/networks.py) and QT-Opt's figure: 7
convolutions on the picture, the action added as a context, 9 convolutions after it; 1.24 million
parameters. The sum of the seven action blocks of the original is one linear layer here.

Tensor names: B batch, C channels (64), A action and state numbers (10).
"""

from dataclasses import asdict, dataclass

from torch import Tensor, nn

from rlcg_core import spec

CONDITION_DIM = spec.ACTION_DIM + spec.STATE_DIM
BN_EPSILON = 1e-3


@dataclass(frozen=True)
class QtOptSettings:
    """Widths and depths; the defaults are the paper's. ``scale_px`` is the square input."""

    scale_px: int = spec.CROP_PX
    channels: int = 64
    tower_convolutions: int = 6
    merged_convolutions: int = 6
    late_convolutions: int = 3
    context: int = 256
    dense: int = 64

    def as_dict(self) -> dict[str, object]:
        """Return plain data for checkpoints and provenance."""
        return asdict(self)


class ConvBlock(nn.Sequential):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, padding: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False),
            nn.BatchNorm2d(outputs, eps=BN_EPSILON),
            nn.ReLU(),
        )


class QtOptNetwork(nn.Module):
    """Maps pictures (B, 3, H, W) in [0, 1] and conditions (B, A) to logits (B,).

    A condition is the action's 8 numbers, then the state's 2, in the spec's order.
    """

    def __init__(self, settings: QtOptSettings) -> None:
        super().__init__()
        self.settings = settings
        channels = settings.channels
        self.tower = nn.Sequential(
            nn.Conv2d(3, channels, 6, stride=2, padding=2),
            nn.BatchNorm2d(channels, eps=BN_EPSILON),
            nn.ReLU(),
            # TensorFlow's SAME pooling pads at the end only here, on both sides at pool2.
            nn.MaxPool2d(3, 3, ceil_mode=True),
            *[ConvBlock(channels, channels, 5, 2) for _ in range(settings.tower_convolutions)],
            nn.MaxPool2d(3, 3, padding=1),
        )
        self.condition = nn.Sequential(
            nn.Linear(CONDITION_DIM, settings.context),
            nn.BatchNorm1d(settings.context, eps=BN_EPSILON),
            nn.ReLU(),
            nn.Linear(settings.context, channels, bias=False),
            nn.BatchNorm1d(channels, eps=BN_EPSILON),
            nn.ReLU(),
        )
        self.merge = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.merge_norm = nn.Sequential(nn.BatchNorm2d(channels, eps=BN_EPSILON), nn.ReLU())
        self.rest = nn.Sequential(*self._rest())

    def _rest(self) -> list[nn.Module]:
        settings, channels = self.settings, self.settings.channels
        merged = [
            ConvBlock(channels, channels, 3, 1) for _ in range(settings.merged_convolutions - 1)
        ]
        late = [ConvBlock(channels, channels, 3, 0) for _ in range(settings.late_convolutions)]
        side = self.late_side_px()
        dense = settings.dense
        return [
            *merged,
            nn.MaxPool2d(2, 2, ceil_mode=True),
            *late,
            nn.Flatten(),
            nn.Linear(channels * side * side, dense, bias=False),
            nn.BatchNorm1d(dense, eps=BN_EPSILON),
            nn.ReLU(),
            nn.Linear(dense, dense, bias=False),
            nn.BatchNorm1d(dense, eps=BN_EPSILON),
            nn.ReLU(),
            nn.Linear(dense, 1),
        ]

    def feature_side_px(self) -> int:
        """Return the side of the tower's output: 27 at 472."""
        first = -(-((self.settings.scale_px - 2) // 2 + 1) // 3)
        return (first - 1) // 3 + 1

    def late_side_px(self) -> int:
        """Return the side before flattening: 8 at 472."""
        return -(-self.feature_side_px() // 2) - 2 * self.settings.late_convolutions

    def encode(self, picture: Tensor) -> Tensor:
        """Return what depends on the picture alone, (B, C, 27, 27): run once per frame."""
        features: Tensor = self.tower(picture)
        return features

    def score(self, features: Tensor, condition: Tensor) -> Tensor:
        """Return logits (B,) of conditions (B, A); one picture's features serve all."""
        context = self.condition(condition)[:, :, None, None]
        merged = self.merge_norm(self.merge(features + context))
        logits: Tensor = self.rest(merged)
        return logits[:, 0]

    def forward(self, picture: Tensor, condition: Tensor) -> Tensor:
        """Return logits (B,)."""
        return self.score(self.encode(picture), condition)
