# SPDX-License-Identifier: Apache-2.0
"""The whole decision as one torch module: camera bytes in, action out, CEM unrolled inside.

It mirrors `rlcg_core.cem` step by step in float32; a test holds the two equal. Exported, it is
the model's `policy.onnx`.
"""

import torch
from torch import Tensor, nn

from rlcg_core.cem import CemSettings
from rlcg_train.scorer import Scorer

OUTPUTS = ("action", "goal", "q", "mean", "std")


class CemModule(nn.Module):
    """A scorer and the search in one; batch norm is in inference mode."""

    def __init__(self, scorer: Scorer, cem: CemSettings) -> None:
        super().__init__()
        self.scorer = scorer.eval()
        self.cem = cem
        self.register_buffer("low", torch.tensor(cem.low, dtype=torch.float32))
        self.register_buffer("high", torch.tensor(cem.high, dtype=torch.float32))
        self.register_buffer("std_floor", torch.tensor(cem.std_floor, dtype=torch.float32))

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the graph's inputs, in the order of `forward`."""
        return ("image", *self.scorer.extra_inputs, "cem_mean0", "cem_std0", "noise")

    def forward(
        self, image: Tensor, *rest: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return ``action`` (8,), ``goal`` (V,) the chosen sample, ``q`` (), ``mean``, ``std``.

        ``image`` uint8 (512, 640, 3) RGB; then the scorer's inputs, CEM's start mean and std (V,),
        and ``noise`` (iterations, samples, V), standard normal.
        """
        extra, (mean, std, noise) = rest[:-3], rest[-3:]
        code = self.scorer.encode(image, extra)
        chosen, logits = [], []
        for i in range(self.cem.iterations):
            samples = torch.clamp(mean + std * noise[i], self.low, self.high)
            scores = _finite(self.scorer.logits(code, samples))
            _, order = torch.topk(scores, self.cem.elites)
            elite = samples[order]
            mean = elite.mean(dim=0)
            spread = ((elite - mean) ** 2).sum(dim=0) / (self.cem.elites - 1)
            std = torch.maximum(torch.sqrt(spread), self.std_floor)
            chosen.append(elite[0])
            logits.append(scores[order[0]])
        best, logit = self._answer(chosen, logits)
        action, logit = self.scorer.decide(code, best, logit, extra)
        # Not of a scalar: OpenVINO runs a graph with such a sigmoid in float32, whatever it holds.
        q = torch.sigmoid(logit[None])[0]
        return action, best, q, mean, std

    def _answer(self, chosen: list[Tensor], logits: list[Tensor]) -> tuple[Tensor, Tensor]:
        if self.cem.answer == "best_last":
            return chosen[-1], logits[-1]
        best, logit = chosen[0], logits[0]
        for other, score in zip(chosen[1:], logits[1:], strict=True):
            better = score > logit
            best, logit = torch.where(better, other, best), torch.where(better, score, logit)
        return best, logit


def _finite(scores: Tensor) -> Tensor:
    """Let a score that is not finite rank last."""
    # isfinite is exported with a cast to float64, after which OpenVINO leaves int8 alone.
    finite = scores.abs() <= torch.finfo(torch.float32).max
    return torch.where(finite, scores, torch.full_like(scores, -1e30))
