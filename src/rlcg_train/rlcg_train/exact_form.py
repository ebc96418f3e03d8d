# SPDX-License-Identifier: Apache-2.0
"""Which form of a network is exported: the hoisted one where algebra proves it equal."""

import torch
from torch import Tensor, nn

from rlcg_core.golden import pattern_image
from rlcg_train.hoist import HoistedScorer, fold_batch_norm
from rlcg_train.network import GraspNetwork
from rlcg_train.profiles import Profile
from rlcg_train.qt_opt.q_function import QFunction
from rlcg_train.qt_opt.whole_action_scorer import WholeActionScorer
from rlcg_train.qt_opt_network import QtOptNetwork
from rlcg_train.scorer import ActionScorer, GoalScorer, Scorer

LOGIT_TOLERANCE = 1e-3
PROOF_SAMPLES = 64


def scorer_of(network: nn.Module) -> Scorer:
    """Return the scorer of a network, as trained."""
    if isinstance(network, GraspNetwork):
        return GoalScorer(network)
    if isinstance(network, QtOptNetwork):
        return ActionScorer(network)
    if isinstance(network, QFunction):
        return WholeActionScorer(network)
    raise TypeError(f"no scorer for {type(network).__name__}: write one in rlcg_train.scorer")


def exported_scorer(profile: Profile, network: nn.Module) -> tuple[Scorer, str]:
    """Return the fastest exact form and its name.

    "hoisted" for a network whose merge is an addition followed by a convolution, if its logits
    equal the trained form's within `LOGIT_TOLERANCE`; "plain" otherwise.
    """
    trained = scorer_of(network)
    if isinstance(network, QtOptNetwork):
        folded = fold_batch_norm(network)
        hoisted = HoistedScorer(folded)
        if logit_gap(profile, trained, hoisted) < LOGIT_TOLERANCE:
            return hoisted, "hoisted"
    return trained, "plain"


@torch.no_grad()
def logit_gap(profile: Profile, one: Scorer, other: Scorer) -> float:
    """Return the largest difference of logits over `PROOF_SAMPLES` samples of two pictures."""
    generator = torch.Generator().manual_seed(0)
    cem, gap = profile.cem(), 0.0
    low, high = torch.tensor(cem.low).float(), torch.tensor(cem.high).float()
    for case in (0, 1):
        image = torch.from_numpy(pattern_image(case + 1))
        values = profile.example(case)
        extra = tuple(torch.tensor(values[name]).float() for name in one.extra_inputs)
        unit = torch.rand(PROOF_SAMPLES, len(low), generator=generator)
        samples: Tensor = low + unit * (high - low)
        first = one.logits(one.encode(image, extra), samples)
        second = other.logits(other.encode(image, extra), samples)
        gap = max(gap, float((first - second).abs().max()))
    return gap
