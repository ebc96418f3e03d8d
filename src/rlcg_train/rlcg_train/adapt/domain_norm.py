# SPDX-License-Identifier: Apache-2.0
"""Batch norm with statistics of its own for each domain and weights in common (GraspGAN's DBN)."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TypeVar

from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class Domain(IntEnum):
    """Where a picture is from; the robot's are real."""

    SIM = 0
    REAL = 1


class DomainNorm(nn.Module):
    """A batch norm for maps (B, C, H, W) that keeps the domains' statistics apart."""

    def __init__(self, plain: nn.BatchNorm2d) -> None:
        """Begin with the weights and statistics of a plain one."""
        super().__init__()
        self.domain = Domain.SIM
        self.shared = copy.deepcopy(plain)
        self.statistics = nn.ModuleList(
            nn.BatchNorm2d(plain.num_features, plain.eps, plain.momentum, affine=False)
            for _ in Domain
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Return normalised maps."""
        here: Tensor = self.statistics[self.domain](maps)
        return here * self.shared.weight[:, None, None] + self.shared.bias[:, None, None]

    def plain(self, domain: Domain) -> nn.BatchNorm2d:
        """Return the same as a plain batch norm of one domain."""
        made = copy.deepcopy(self.shared)
        made.load_state_dict(
            {**self.statistics[domain].state_dict(), "weight": made.weight, "bias": made.bias}
        )
        return made


def split(network: Network) -> Network:
    """Give every batch norm of a network statistics for each domain; changes the network."""
    for parent, name, norm in _children(network):
        if isinstance(norm, nn.BatchNorm2d):
            setattr(parent, name, DomainNorm(norm))
    return network


def for_domain(network: Network, domain: Domain) -> Network:
    """Return a copy with plain batch norms that hold this domain's statistics."""
    made = copy.deepcopy(network)
    for parent, name, norm in _children(made):
        if isinstance(norm, DomainNorm):
            setattr(parent, name, norm.plain(domain))
    return made


def _children(network: nn.Module) -> list[tuple[nn.Module, str, nn.Module]]:
    parents = [m for m in network.modules() if not isinstance(m, DomainNorm)]
    inner = {
        id(child) for m in network.modules() if isinstance(m, DomainNorm) for child in m.modules()
    }
    return [
        (parent, name, child)
        for parent in parents
        if id(parent) not in inner
        for name, child in parent.named_children()
    ]


@contextmanager
def seeing(network: nn.Module, domain: Domain) -> Iterator[None]:
    """Let all domain norms of a network use one domain's statistics for a while."""
    norms = [module for module in network.modules() if isinstance(module, DomainNorm)]
    before = [norm.domain for norm in norms]
    for norm in norms:
        norm.domain = domain
    try:
        yield
    finally:
        for norm, kept in zip(norms, before, strict=True):
            norm.domain = kept
