# SPDX-License-Identifier: Apache-2.0
"""Which loss moves which networks (RL-CycleGAN, table 5), by choice of parameters.

No gradient is stopped inside the graph: the RL-scene loss goes backwards through the Q-networks
into the generators. It is just not asked for at Q's parameters, nor the RL loss at the generators'.
Trained end to end, generators write Q into the picture and Q reads it off (appendix A).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Route:
    """A loss by name, its weight, and the networks that receive its gradient."""

    loss: str
    weight: float
    networks: tuple[str, ...]


def backward(
    losses: Mapping[str, Tensor],
    routes: Sequence[Route],
    parameters: Mapping[str, Sequence[nn.Parameter]],
) -> None:
    """Add the gradients of all losses to the parameters that they are routed to, to no others.

    Routes to the same networks share one pass backwards. Losses without a route are ignored.
    """
    groups: dict[tuple[str, ...], Tensor] = {}
    for route in routes:
        weighted = route.weight * losses[route.loss]
        before = groups.get(route.networks)
        groups[route.networks] = weighted if before is None else before + weighted
    for number, (networks, loss) in enumerate(groups.items()):
        chosen = [p for name in networks for p in parameters[name]]
        last = number == len(groups) - 1
        found = torch.autograd.grad(loss, chosen, retain_graph=not last, allow_unused=True)
        for parameter, gradient in zip(chosen, found, strict=True):
            if gradient is not None:
                before = parameter.grad
                parameter.grad = gradient if before is None else before + gradient
