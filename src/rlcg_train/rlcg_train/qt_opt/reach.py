# SPDX-License-Identifier: Apache-2.0
"""What CEM searches for a move: numbers that reach far from the tool coarsely, and near it finely.

A target lies ``REACH * u * |u|`` from the tool, u in [-1, 1]: a normal draw of u finds the other
end of the bin and, as often, the millimetre beside the tool, in every frame of an episode. Heights
are absolute, finer near the tray.
"""

import torch
from torch import Tensor

from rlcg_core.cem import Variable
from rlcg_core.manifest import CemStart
from rlcg_train.qt_opt.choice import TARGET_HIGH, TARGET_LOW

REACH_M = 0.4
TURN_RAD = 0.5 * torch.pi
VARIABLES = (
    Variable("reach_x", "1", -1.0, 1.0),
    Variable("reach_y", "1", -1.0, 1.0),
    Variable("reach_height", "1", 0.0, 1.0),
    Variable("reach_yaw", "1", -1.0, 1.0),
)
STD_FLOOR = (0.02, 0.02, 0.03, 0.03)
START = CemStart(mean0=(0.0, 0.0, 0.35, 0.0), std0=(0.45, 0.45, 0.35, 0.6))
LOW, HIGH = torch.tensor(TARGET_LOW).float(), torch.tensor(TARGET_HIGH).float()


def to_target(samples: Tensor, pose: Tensor) -> Tensor:
    """Return targets (..., 4) of samples (..., 4), for tools at poses (..., 4).

    Both poses are x, y, height above the tray [m], yaw [rad]; a yaw that the wrist cannot take is
    replaced by the one half a turn away, which is the same to a jaw of two fingers.
    """
    spread = samples * samples.abs()
    x = (pose[..., 0] + REACH_M * spread[..., 0]).clamp(LOW[0], HIGH[0])
    y = (pose[..., 1] + REACH_M * spread[..., 1]).clamp(LOW[1], HIGH[1])
    height = LOW[2] + (HIGH[2] - LOW[2]) * spread[..., 2]
    yaw = pose[..., 3] + TURN_RAD * spread[..., 3]
    yaw = torch.where(yaw > HIGH[3], yaw - torch.pi, yaw)
    yaw = torch.where(yaw < LOW[3], yaw + torch.pi, yaw)
    return torch.stack([x, y, height, yaw], dim=-1)
