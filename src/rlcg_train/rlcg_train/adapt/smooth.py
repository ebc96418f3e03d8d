# SPDX-License-Identifier: Apache-2.0
"""Keeps discriminators smooth: R1 of Mescheder et al. 2018, in some steps only.

A discriminator that may be as steep as it likes is soon certain of small things and leads the
generator to these (docs/decisions/0011).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from rlcg_train.device import Compute

Judge = Callable[[Tensor], list[Tensor]]
# The share of steps with this loss, which weighs so much more in them (lazy regularization).
SHARE = 1 / 8


def smoothness(judge: Judge, pictures: Tensor) -> Tensor:
    """Return half the mean squared slope of a discriminator at ``pictures`` that it calls real.

    Slope of the patches' sum over the root of their number: that of one, were patches alone.
    """
    seen = pictures.detach().float().requires_grad_()
    maps = judge(seen)
    logit = torch.stack([logits.sum() / logits[0].numel() ** 0.5 for logits in maps]).mean()
    (slope,) = torch.autograd.grad(logit, seen, create_graph=True)
    return 0.5 * slope.square().flatten(1).sum(dim=1).mean()


def smooth_loss(
    judged: dict[Judge, Tensor], rng: np.random.Generator, compute: Compute
) -> dict[str, Tensor]:
    """Return the loss of discriminators and what each calls real, by name; mostly zero."""
    if rng.random() >= SHARE:
        return {"smooth": torch.zeros((), device=compute.device)}
    with compute.full_precision():
        slopes = [smoothness(judge, pictures) for judge, pictures in judged.items()]
    return {"smooth": torch.stack(slopes).sum() / SHARE}
