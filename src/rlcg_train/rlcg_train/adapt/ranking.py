# SPDX-License-Identifier: Apache-2.0
"""Does a policy rank grasps in pictures of a generator that it never saw?

Generators that were trained together with Q may write the value into the picture, where Q just
reads it (RL-CycleGAN, appendix A). What one generator writes another does not: a Q that looks at
the scene ranks as well behind a generator of another seed, one that decodes does not.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rlcg_core.errors import DataError
from rlcg_train.adapt.domain import DomainData, Rows
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.task import TaskQ
from rlcg_train.adapt.unet import UNet
from rlcg_train.fit import auc

JUDGED, DRAWS = 2048, 1000


@dataclass(frozen=True)
class Ranking:
    """``auc``: the chance that Q puts a success above a failure.

    ``low``, ``high``: its 95% interval, by drawing whole attempts again: frames of one are alike.
    """

    auc: float
    low: float
    high: float
    frames: int
    attempts: int

    def __str__(self) -> str:
        found = f"AUC {self.auc:.3f} (95% interval {self.low:.3f}-{self.high:.3f})"
        return f"{found} on {self.frames} frames of {self.attempts} attempts that were held out"


@torch.no_grad()
def ranking(q: TaskQ[Rows], data: DomainData, generator: UNet | None = None) -> Ranking:
    """Return how Q ranks attempts that were held out.

    ``generator``: what the pictures pass through, None for none. Raises `DataError` where all held
    out came to the same end.
    """
    half = GoalHalves(data).held_out(JUDGED)
    outcomes = half.rows.success
    if len(set(outcomes.tolist())) < 2:
        raise DataError(
            f"{len(outcomes)} frames are held out, expected successes and failures among them: "
            "collect more"
        )
    picture = half.picture if generator is None else generator(half.picture)
    scores = q.logits(picture, half.rows)
    # All frames of an attempt have its goal.
    attempt = torch.unique(half.rows.goal, dim=0, return_inverse=True)[1]
    low, high = _interval(scores, outcomes, attempt)
    return Ranking(auc(scores, outcomes), low, high, len(outcomes), int(attempt.max()) + 1)


def _interval(scores: Tensor, outcomes: Tensor, attempt: Tensor) -> tuple[float, float]:
    """Return the middle 95% of what other draws of as many attempts would have given."""
    rng, count = np.random.default_rng(0), int(attempt.max()) + 1
    frames = [torch.nonzero(attempt == number).flatten() for number in range(count)]
    found = []
    for _ in range(DRAWS):
        drawn = torch.cat([frames[number] for number in rng.integers(count, size=count)])
        found.append(auc(scores[drawn], outcomes[drawn]))
    # Draws without a success, or without a failure, tell nothing.
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)
