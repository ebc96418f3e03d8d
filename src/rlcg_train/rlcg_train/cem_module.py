# SPDX-License-Identifier: Apache-2.0
"""The whole decision as one torch module: camera bytes in, action out, CEM unrolled inside.

It mirrors `rlcg_core.cem` step by step in float32; a test holds the two equal. Exported, it is
the model's `policy.onnx`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from rlcg_core import spec
from rlcg_core.cem import CemSettings
from rlcg_train.network import GraspNetwork, sample_patches, scalars


class CemModule(nn.Module):
    """Q-network and search in one; batch norm is in inference mode."""

    def __init__(self, network: GraspNetwork, cem: CemSettings) -> None:
        super().__init__()
        self.network = network.eval()
        self.cem = cem
        self.register_buffer("low", torch.tensor(cem.low, dtype=torch.float32))
        self.register_buffer("high", torch.tensor(cem.high, dtype=torch.float32))
        self.register_buffer("std_floor", torch.tensor(cem.std_floor, dtype=torch.float32))

    def forward(
        self,
        image: Tensor,
        tool_pose: Tensor,
        projection: Tensor,
        cem_mean0: Tensor,
        cem_std0: Tensor,
        noise: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return ``action`` (8,), ``goal`` (3,), ``q`` (), ``mean`` (3,), ``std`` (3,).

        ``image`` uint8 (512, 640, 3) RGB; ``tool_pose`` (4,); ``projection`` (3, 4) from base to
        full-image pixels; ``noise`` (iterations, samples, 3), standard normal.
        """
        picture = prepare(image)
        camera_xy = camera_centre_xy(projection)
        mean, std = cem_mean0, cem_std0
        goals, logits = [], []
        for i in range(self.cem.iterations):
            samples = torch.clamp(mean + std * noise[i], self.low, self.high)
            scores = self._logits(picture, projection, camera_xy, tool_pose, samples)
            _, order = torch.topk(scores, self.cem.elites)
            elite = samples[order]
            mean = elite.mean(dim=0)
            spread = ((elite - mean) ** 2).sum(dim=0) / (self.cem.elites - 1)
            std = torch.maximum(torch.sqrt(spread), self.std_floor)
            goals.append(elite[0])
            logits.append(scores[order[0]])
        goal, logit = self._answer(goals, logits)
        return self._action(goal, tool_pose), goal, torch.sigmoid(logit), mean, std

    def _logits(
        self, picture: Tensor, projection: Tensor, camera: Tensor, tool: Tensor, goal: Tensor
    ) -> Tensor:
        patches = sample_patches(self.network.settings, picture, goal, projection)
        numbers = scalars(goal, tool[None].expand(goal.shape[0], 4), camera)
        scores: Tensor = self.network(patches, numbers)
        return torch.where(torch.isfinite(scores), scores, torch.full_like(scores, -1e30))

    def _answer(self, goals: list[Tensor], logits: list[Tensor]) -> tuple[Tensor, Tensor]:
        if self.cem.answer == "best_last":
            return goals[-1], logits[-1]
        goal, logit = goals[0], logits[0]
        for other, score in zip(goals[1:], logits[1:], strict=True):
            better = score > logit
            goal, logit = torch.where(better, other, goal), torch.where(better, score, logit)
        return goal, logit

    def _action(self, goal: Tensor, tool: Tensor) -> Tensor:
        """Return the spec's action: a bounded step to the goal; the rule's fields stay zero."""
        bound = spec.DISPLACEMENT_BOUND_M
        step = torch.clamp(goal[:2] - tool[:2], -bound, bound)
        turn = torch.clamp(goal[2:3] - tool[3:4], -spec.YAW_BOUND_RAD, spec.YAW_BOUND_RAD)
        zero = torch.zeros_like(turn)
        return torch.cat([step, zero, torch.sin(turn), torch.cos(turn), zero, zero, zero])


def prepare(image: Tensor) -> Tensor:
    """Crop, halve by 2 x 2 means, scale to [-1, 1]: uint8 (512, 640, 3) to (1, 3, 236, 236)."""
    rows = slice(spec.CROP_TOP_PX, spec.CROP_TOP_PX + spec.CROP_PX)
    columns = slice(spec.CROP_LEFT_PX, spec.CROP_LEFT_PX + spec.CROP_PX)
    crop = image[rows, columns].permute(2, 0, 1)[None].float()
    return functional.avg_pool2d(crop, 2) / 127.5 - 1


def camera_centre_xy(projection: Tensor) -> Tensor:
    """Return x and y (2,) [m] of the camera's centre, the point that (3, 4) projects nowhere."""
    r1, r2, r3 = projection[0, :3], projection[1, :3], projection[2, :3]
    c23, c31, c12 = _cross(r2, r3), _cross(r3, r1), _cross(r1, r2)
    volume = (r1 * c23).sum()
    p = projection[:, 3]
    centre = -(c23 * p[0] + c31 * p[1] + c12 * p[2]) / volume
    return centre[:2]


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return torch.stack(
        [
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        ]
    )
