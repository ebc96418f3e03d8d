# SPDX-License-Identifier: Apache-2.0
"""What a run needs of a training stage: a step, a judgement, pictures to look at, and its state."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rlcg_train.adapt.routing import Route, backward
from rlcg_train.adapt.unet import UNet
from rlcg_train.averaging import follow
from rlcg_train.device import PLAIN, Compute
from rlcg_train.run_ending import DivergedError

# RL-CycleGAN, appendix A: Adam with beta1 0.1, at a constant rate.
BETAS = (0.1, 0.999)
# Generators swing about what they learn: their mean over some hundred steps is smoother.
MEAN_DECAY = 0.99


class Stage(ABC):
    """Networks by name, an optimizer for each group of them, and one step of learning.

    ``kind``: the method. ``routes``: which loss moves which networks. ``means``: of the generators'
    last steps, by the same names; they are what others load. ``compute``: where, as the run says.
    """

    kind: str
    networks: dict[str, nn.Module]
    means: dict[str, UNet]
    optimizers: dict[str, torch.optim.Optimizer]
    routes: tuple[Route, ...]
    compute: Compute = PLAIN

    def descend(self, losses: dict[str, Tensor]) -> dict[str, float]:
        """Route the losses' gradients, move every network once; return the losses as numbers.

        Raises `DivergedError` before anything moved where a loss or a gradient is no number.
        """
        here = {name: float(loss.detach()) for name, loss in losses.items()}
        numbers = self.compute.mean_numbers(here)
        check_finite(numbers)
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        parameters = {name: list(network.parameters()) for name, network in self.networks.items()}
        with self.compute.full_precision():
            backward(losses, self.routes, parameters)
        self.compute.mean_gradients(p for of_one in parameters.values() for p in of_one)
        check_finite({f"gradient of {name}": _norm(n) for name, n in self.networks.items()})
        for optimizer in self.optimizers.values():
            optimizer.step()
        for name, mean in self.means.items():
            follow(mean, self.networks[name], MEAN_DECAY)
        return numbers

    def begin_on(self, compute: Compute) -> None:
        """Compute there from now on; the sources must give their pictures there."""
        self.compute = compute
        for network in (*self.networks.values(), *self.means.values()):
            network.to(compute.device)

    @abstractmethod
    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Learn from one batch; return its losses. Torch's generator is seeded by the run."""

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Put all networks in inference mode for a while, so that looking changes nothing.

        Spectral norms and batch norms move with every picture that they see while training.
        """
        training = [network for network in self.networks.values() if network.training]
        for network in training:
            network.eval()
        try:
            yield
        finally:
            for network in training:
                network.train()

    def judge(self) -> dict[str, float]:
        """Return what held-out data says; called while `resting`."""
        return {}

    def pictures(self) -> dict[str, Tensor]:
        """Return named pictures (n, 3, S, S) in [-1, 1] of the same few frames, to be looked at.

        Called while `resting`.
        """
        return {}

    def layouts(self) -> dict[str, dict[str, Any]]:
        """Return the settings of the networks that others load, by name, as plain data."""
        return {}

    def more_state(self) -> dict[str, Any]:
        """Return what must be kept beside networks and optimizers."""
        return {}

    def load_more_state(self, state: dict[str, Any]) -> None:
        """Take what `more_state` gave."""
        assert not state, f"{self.kind} has no more state to take"

    def finish(self) -> dict[str, dict[str, Any]]:
        """Return checkpoints to write at each save, by file name, for other programs."""
        return {}


def mean_of(generator: UNet) -> UNet:
    """Return where the mean of a generator begins: a copy that does not learn."""
    mean = copy.deepcopy(generator)
    mean.requires_grad_(False).eval()
    return mean


def adam(networks: Sequence[nn.Module], rate: float) -> torch.optim.Optimizer:
    """Return the papers' optimizer over some networks."""
    parameters = [p for network in networks for p in network.parameters()]
    return torch.optim.Adam(parameters, rate, BETAS)


def _norm(network: nn.Module) -> float:
    found = [p.grad.norm() for p in network.parameters() if p.grad is not None]
    return float(torch.stack(found).norm()) if found else 0.0


def check_finite(values: dict[str, float]) -> None:
    """Raise `DivergedError` where one of the values is no number."""
    wrong = {name: value for name, value in values.items() if not np.isfinite(value)}
    if wrong:
        raise DivergedError(
            f"found {wrong}, expected numbers: the last good checkpoint is kept; start "
            "again in another folder with a lower learning rate"
        )
