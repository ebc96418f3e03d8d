# SPDX-License-Identifier: Apache-2.0
"""RL-CycleGAN: each loss moves the networks of table 5 of the paper, and no other."""

import copy

import numpy as np
import pytest
import torch
from rl_stages import Domains, stage
from torch import nn

from rlcg_train.adapt.domain import Rows
from rlcg_train.adapt.halves import Half
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.routing import Route, backward
from rlcg_train.adapt.smooth import smoothness


def halves(made: RlCycleGanStage[Rows]) -> tuple[Half[Rows], Half[Rows]]:
    rng = np.random.default_rng(0)
    return made._sim.draw(4, rng), made._real.draw(4, rng)


# Table 5 of the paper: what each loss may move.
TABLE = {
    "generator": {"G", "F"},
    "cycle": {"G", "F"},
    "discriminator": {"D_X", "D_Y"},
    "rl": {"Q_sim", "Q_real"},
    "scene": {"G", "F"},
    # Not in the paper: decision 11.
    "smooth": {"D_X", "D_Y"},
}


@pytest.mark.parametrize("loss", TABLE)
def test_a_loss_moves_exactly_the_networks_of_table_5(domains: Domains, loss: str) -> None:
    made = stage(domains)
    made.routes = tuple(route for route in made.routes if route.loss == loss)
    before = {n: copy.deepcopy(list(m.parameters())) for n, m in made.networks.items()}
    x, y = halves(made)
    slopes = {"smooth": smoothness(made.D_X, x.picture) + smoothness(made.D_Y, y.picture)}
    made.descend(made.all_losses(x, y) | slopes)
    moved = {
        name
        for name, network in made.networks.items()
        if any(
            not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True)
        )
    }
    assert moved == TABLE[loss]


def test_the_weights_of_the_losses_are_those_of_table_5(domains: Domains) -> None:
    weights = {route.loss: route.weight for route in stage(domains).routes}
    ours = {"smooth": 0.3}
    papers = {"generator": 1, "discriminator": 1, "cycle": 10, "rl": 10, "scene": 10}
    assert weights == {**papers, **ours}


def test_the_scene_loss_goes_back_through_q_into_the_generators(domains: Domains) -> None:
    made = stage(domains)
    loss = made.all_losses(*halves(made))["scene"]
    for generator in (made.G, made.F):
        chosen = list(generator.parameters())
        found = torch.autograd.grad(loss, chosen, retain_graph=True, allow_unused=True)
        assert sum(float(g.abs().sum()) for g in found if g is not None) > 0.0
    # Nothing is cut off inside the graph: Q's own gradient is there, it is just not applied.
    to_q = torch.autograd.grad(loss, list(made.Q_real.parameters()), allow_unused=True)
    assert any(g is not None and float(g.abs().sum()) > 0.0 for g in to_q)


def test_every_made_picture_carries_the_gradient_of_its_q(domains: Domains) -> None:
    made = stage(domains)
    x, y = halves(made)
    logits = made.six_logits(made.six(x.picture, y.picture), x.rows, y.rows)
    reached = []
    for one in logits:
        names = set()
        for name in ("G", "F"):
            chosen = list(made.networks[name].parameters())
            total = one.sum()
            if not total.requires_grad:
                continue
            found = torch.autograd.grad(total, chosen, retain_graph=True, allow_unused=True)
            if any(g is not None and float(g.abs().sum()) > 0.0 for g in found):
                names.add(name)
        reached.append(names)
    assert reached == [set(), {"G"}, {"G", "F"}, set(), {"F"}, {"G", "F"}]


def test_the_rl_loss_would_reach_the_generators_and_is_not_applied(domains: Domains) -> None:
    made = stage(domains)
    loss = made.all_losses(*halves(made))["rl"]
    found = torch.autograd.grad(loss, list(made.G.parameters()), allow_unused=True)
    assert any(g is not None and float(g.abs().sum()) > 0.0 for g in found)


def test_routes_to_the_same_networks_add_up() -> None:
    a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    losses = {"one": (a * b).sum(), "two": a.sum()}
    routes = (Route("one", 2.0, ("A",)), Route("two", 3.0, ("A",)), Route("one", 5.0, ("B",)))
    backward(losses, routes, {"A": [a], "B": [b]})
    assert a.grad is not None
    assert b.grad is not None
    assert a.grad.tolist() == [5.0, 5.0]
    assert b.grad.tolist() == [5.0, 5.0]


def test_a_step_draws_half_a_batch_from_each_domain(domains: Domains) -> None:
    made, counts = stage(domains), []
    for source in (made._sim, made._real):
        draw = source.draw

        def counted(count: int, rng: np.random.Generator, draw: object = draw) -> Half[Rows]:
            counts.append(count)
            assert callable(draw)
            half: Half[Rows] = draw(count, rng)
            return half

        source.draw = counted  # type: ignore[method-assign]
    losses = made.step(np.random.default_rng(0))
    assert counts == [4, 4]
    assert set(losses) == set(TABLE)
