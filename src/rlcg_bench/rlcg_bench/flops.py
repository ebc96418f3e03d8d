# SPDX-License-Identifier: Apache-2.0
"""Floating-point operations of a decision, two per multiplication and addition."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from rlcg_core import spec
from rlcg_core.cem import CemSettings
from rlcg_train.scorer import Scorer


@torch.no_grad()
def decision_gflop(scorer: Scorer, cem: CemSettings) -> float:
    """Return 10^9 operations of one decision: the picture once, the candidates per iteration."""
    image = torch.zeros(spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, 3, dtype=torch.uint8)
    extra = (torch.zeros(spec.STATE_DIM),)
    with FlopCounterMode(display=False) as once:
        code = scorer.encode(image, extra)
    with FlopCounterMode(display=False) as per_iteration:
        scorer.logits(code, torch.zeros(cem.samples, len(cem.variables)))
    total = once.get_total_flops() + cem.iterations * per_iteration.get_total_flops()
    return float(total) / 1e9
