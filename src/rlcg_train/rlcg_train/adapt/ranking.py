# SPDX-License-Identifier: Apache-2.0
"""Does a policy rank grasps in pictures of a generator that it never saw?

Generators that were trained together with Q may write the value into the picture, where Q just
reads it (RL-CycleGAN, appendix A). What one generator writes another does not: a Q that looks at
the scene ranks as well behind a generator of another seed, one that decodes does not.
"""

import torch

from rlcg_core.errors import DataError
from rlcg_train.adapt.domain import DomainData, Rows
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.task import TaskQ
from rlcg_train.adapt.unet import UNet
from rlcg_train.fit import auc

JUDGED = 512


@torch.no_grad()
def ranking(q: TaskQ[Rows], data: DomainData, generator: UNet | None = None) -> float:
    """Return the chance that Q puts a success above a failure, on attempts that were held out.

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
    return auc(q.logits(picture, half.rows), outcomes)
