# SPDX-License-Identifier: Apache-2.0
"""What CEM searches for a move, and which target a sample stands for; one space per network.

`REACH_SPACE`: a target lies ``REACH_M * u * |u|`` from the tool, u in [-1, 1]. A normal draw of u
finds the other end of the bin and, as often, the millimetre beside the tool, in every frame of an
episode. Heights are absolute, finer near the tray. `STEP_SPACE`: the target of one bounded step,
as QT-Opt searches it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rlcg_core import reach, spec
from rlcg_core.cem import Variable
from rlcg_core.manifest import CemStart
from rlcg_train.qt_opt.choice import TARGET_HIGH, TARGET_LOW

LOW, HIGH = TARGET_LOW.tolist(), TARGET_HIGH.tolist()


@dataclass(frozen=True)
class Space:
    """Variables of a search and its start.

    ``to_target``: samples (..., 4) and the tool's poses (..., 4) to targets (..., 4); poses are
    x, y, height above the tray [m], yaw [rad].
    """

    variables: tuple[Variable, ...]
    std_floor: tuple[float, ...]
    start: CemStart
    to_target: Callable[[Tensor, Tensor], Tensor]

    def draw(self, noise: Tensor) -> Tensor:
        """Return samples of the start for standard normal noise (..., 4)."""
        mean, std = noise.new_tensor(self.start.mean0), noise.new_tensor(self.start.std0)
        return self.inside(mean + std * noise)

    def inside(self, samples: Tensor) -> Tensor:
        """Return samples (..., 4) cut to their bounds."""
        low, high = ([getattr(v, end) for v in self.variables] for end in ("low", "high"))
        return torch.clamp(samples, samples.new_tensor(low), samples.new_tensor(high))


def _reached(samples: Tensor, pose: Tensor) -> Tensor:
    spread = samples * samples.abs()
    height = LOW[2] + (HIGH[2] - LOW[2]) * spread[..., 2]
    return _inside(
        pose[..., 0] + reach.REACH_M * spread[..., 0],
        pose[..., 1] + reach.REACH_M * spread[..., 1],
        height,
        pose[..., 3] + reach.TURN_RAD * spread[..., 3],
    )


def _stepped(samples: Tensor, pose: Tensor) -> Tensor:
    moved = pose + samples
    return _inside(moved[..., 0], moved[..., 1], moved[..., 2], moved[..., 3])


def _inside(x: Tensor, y: Tensor, height: Tensor, yaw: Tensor) -> Tensor:
    """Return targets within their bounds.

    A yaw that the wrist cannot take is replaced by the one half a turn away, which is the same to a
    jaw of two fingers.
    """
    yaw = torch.where(yaw > HIGH[3], yaw - torch.pi, yaw)
    yaw = torch.where(yaw < LOW[3], yaw + torch.pi, yaw)
    places = [value.clamp(LOW[i], HIGH[i]) for i, value in enumerate((x, y, height))]
    return torch.stack([*places, yaw], dim=-1)


_BOUND_M, _BOUND_RAD = spec.DISPLACEMENT_BOUND_M, spec.YAW_BOUND_RAD
REACH_SPACE = Space(
    variables=tuple(
        Variable(name, "1", 0.0 if name == "reach_height" else -1.0, 1.0)
        for name in reach.VARIABLES
    ),
    std_floor=(0.02, 0.02, 0.03, 0.03),
    start=CemStart(mean0=(0.0, 0.0, 0.35, 0.0), std0=(0.45, 0.45, 0.35, 0.6)),
    to_target=_reached,
)
STEP_SPACE = Space(
    variables=(
        *(Variable(f"displacement_{axis}", "m", -_BOUND_M, _BOUND_M) for axis in "xyz"),
        Variable("yaw_change", "rad", -_BOUND_RAD, _BOUND_RAD),
    ),
    std_floor=(0.003, 0.003, 0.003, 0.03),
    start=CemStart((0.0,) * 4, (*(0.5 * _BOUND_M,) * 3, 0.5 * _BOUND_RAD)),
    to_target=_stepped,
)
