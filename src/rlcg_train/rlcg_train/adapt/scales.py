# SPDX-License-Identifier: Apache-2.0
"""How large the table's runs are: for two cores, and at toy size."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rlcg_train.network import NetworkSettings


@dataclass(frozen=True)
class Scale:
    """How large. ``amounts`` of real episodes, the last is the whole log.

    ``own_attempts``: each row's first policy acts in simulation, seeing G(x), for its second; else
    the rows of one look learn from the attempts of the first of them. ``policy_steps``: at least;
    more where ``policy_passes`` over the larger half of a batch's data take more.
    """

    sim_attempts: int = 1500
    on_policy_attempts: int = 750
    own_attempts: bool = False
    amounts: tuple[int, ...] = (500, 1500, 5000)
    tuning_episodes: int = 500
    side_px: int = 118
    gan_divisor: int = 4
    gan_scales: int = 3
    gan_steps: int = 3000
    gan_batch: int = 8
    gan_rate: float = 4e-4
    policy_steps: int = 400
    policy_passes: int = 12
    policy_batch: int = 256
    grasps: int = 408
    samples: int = 64
    widths: tuple[int, int, int] = (32, 64, 64)

    @property
    def network(self) -> NetworkSettings:
        """Return the policy's layout, the same for every row."""
        return NetworkSettings(widths=self.widths, picture_px=self.side_px)

    def as_dict(self, generators: bool) -> dict[str, Any]:
        """Return plain data for a run's arguments, with what shapes generators or without."""
        return {k: v for k, v in asdict(self).items() if generators or not k.startswith("gan_")}

    def steps_of_policy(self, frames: Sequence[int]) -> int:
        """Return steps of a policy; ``frames``: training frames of each half of its batches."""
        each = self.policy_batch // len(frames)
        return max(self.policy_steps, -(-self.policy_passes * max(frames) // each))


SMALL = Scale()
SMOKE = Scale(
    sim_attempts=4,
    on_policy_attempts=1,
    own_attempts=True,
    amounts=(4, 6, 8),
    tuning_episodes=2,
    side_px=59,
    gan_divisor=16,
    gan_scales=2,
    gan_steps=2,
    gan_batch=2,
    policy_steps=3,
    policy_passes=0,
    policy_batch=4,
    grasps=1,
    samples=8,
    widths=(4, 8, 8),
)
