# SPDX-License-Identifier: Apache-2.0
"""RL-CycleGAN: what moves what, who sees what, and in which direction."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rlcg_train.adapt.cycle_gan import CycleGanStage, Six
from rlcg_train.adapt.domain import DomainData, Rows
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.halves import GoalHalves, Half
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.routing import Route, backward
from rlcg_train.adapt.task import TaskQ
from rlcg_train.network import NetworkSettings

SMALL = GanSettings(59, divisor=16, discriminator_divisor=16, scales=2, batch=4)
NETWORK = NetworkSettings(widths=(4, 8, 8), hidden=16, picture_px=59)
Domains = tuple[DomainData, DomainData]


def stage(domains: Domains, settings: GanSettings = SMALL) -> RlCycleGanStage[Rows]:
    torch.manual_seed(0)
    tasks = GoalTask(NETWORK), GoalTask(NETWORK)
    sim, real = (GoalHalves(data) for data in domains)
    return RlCycleGanStage(settings, sim, real, tasks, seed=1)


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
}


@pytest.mark.parametrize("loss", TABLE)
def test_a_loss_moves_exactly_the_networks_of_table_5(domains: Domains, loss: str) -> None:
    made = stage(domains)
    made.routes = tuple(route for route in made.routes if route.loss == loss)
    before = {n: copy.deepcopy(list(m.parameters())) for n, m in made.networks.items()}
    made.descend(made.all_losses(*halves(made)))
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
    assert weights == {"generator": 1, "discriminator": 1, "cycle": 10, "rl": 10, "scene": 10}


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


class _Marked(nn.Module):
    """A generator that adds to every picture."""

    def __init__(self, amount: float) -> None:
        super().__init__()
        self.amount = nn.Parameter(torch.tensor(amount))

    def forward(self, picture: Tensor) -> Tensor:
        return picture + self.amount


class _Watching(TaskQ[int]):
    """A Q that keeps what it was shown, and looks at next pictures."""

    needs_next = True

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))
        self.saw: list[float] = []
        self.saw_next: list[float] = []

    def logits(self, picture: Tensor, rows: int) -> Tensor:
        self.saw.append(float(picture.detach().mean()))
        return self.weight * picture.mean(dim=(1, 2, 3))

    def targets(self, next_picture: Tensor | None, rows: int) -> Tensor:
        assert next_picture is not None
        self.saw_next.append(float(next_picture.mean()))
        return torch.zeros(len(next_picture))

    def truth(self, rows: int) -> Tensor:
        return torch.zeros(4)

    def spread(self, picture: Tensor, rows: int) -> Tensor:
        return torch.zeros(())


class _Constant:
    """A source of pictures of one colour, the next ones of another."""

    def __init__(self, colour: float) -> None:
        self._colour = colour

    def draw(self, count: int, rng: np.random.Generator) -> Half[int]:
        picture = torch.full((count, 3, 59, 59), self._colour)
        return Half(picture, 0, picture + 0.5, torch.arange(count))

    def held_out(self, count: int) -> Half[int]:
        return self.draw(count, np.random.default_rng(0))

    def shown(self, count: int) -> Tensor:
        return self.held_out(count).picture


def watched() -> RlCycleGanStage[int]:
    tasks = _Watching(), _Watching()
    made = RlCycleGanStage(SMALL, _Constant(0.1), _Constant(-0.3), tasks)
    made.G, made.F = _Marked(0.01), _Marked(0.002)  # type: ignore[assignment]
    return made


def test_each_q_sees_its_three_kinds_of_pictures_and_the_next_ones_are_adapted_alike() -> None:
    made = watched()
    rng = np.random.default_rng(0)
    made.all_losses(made._sim.draw(4, rng), made._real.draw(4, rng))
    sim = [0.1, 0.1 + 0.012, -0.3 + 0.002]
    real = [0.1 + 0.01, -0.3, -0.3 + 0.012]
    assert made.Q_sim.saw == pytest.approx(sim, abs=1e-4)
    assert made.Q_real.saw == pytest.approx(real, abs=1e-4)
    assert made.Q_sim.saw_next == pytest.approx([0.5 + v for v in sim], abs=1e-4)
    assert made.Q_real.saw_next == pytest.approx([0.5 + v for v in real], abs=1e-4)


def test_d_x_sees_simulation_and_f_of_y_and_d_y_sees_reality_and_g_of_x() -> None:
    made = watched()
    seen: dict[str, list[float]] = {"D_X": [], "D_Y": []}

    def watch(name: str) -> Callable[[Tensor], list[Tensor]]:
        def judge(picture: Tensor) -> list[Tensor]:
            seen[name].append(round(float(picture.detach().mean()), 3))
            return [torch.zeros(1, 1, 2, 2)]

        return judge

    made.D_X, made.D_Y = watch("D_X"), watch("D_Y")  # type: ignore[assignment]
    x, y = torch.full((1, 3, 59, 59), 0.1), torch.full((1, 3, 59, 59), -0.3)
    made.losses(made.six(x, y))
    assert sorted(seen["D_X"]) == [-0.298, 0.1]
    assert sorted(seen["D_Y"]) == [-0.3, 0.11]


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


def test_hidden_details_are_told_from_shown_ones(domains: Domains) -> None:
    sim, real = (GoalHalves(data) for data in domains)
    made = CycleGanStage(SMALL, sim, real)
    faint = 0.001

    class Hides(nn.Module):
        def forward(self, picture: Tensor) -> Tensor:
            return faint * picture

    class Finds(nn.Module):
        def forward(self, picture: Tensor) -> Tensor:
            return picture / faint + 0.01

    class Shows(nn.Module):
        def forward(self, picture: Tensor) -> Tensor:
            return 0.9 * picture

    made.G, made.F = Hides(), Finds()  # type: ignore[assignment]
    assert made.judge()["hidden_details"] > 1000
    made.G, made.F = Shows(), Shows()  # type: ignore[assignment]
    assert made.judge()["hidden_details"] < 2


def test_values_smuggled_in_the_picture_are_told_from_seen_ones(domains: Domains) -> None:
    made = stage(domains)
    held_out = made._sim.held_out(64).rows.success

    class Smuggles(nn.Module):
        """Writes the outcome into the picture, faintly."""

        def forward(self, picture: Tensor) -> Tensor:
            if len(picture) != len(held_out):
                return picture
            return picture + 1e-4 * held_out[:, None, None, None]

    class Decodes(GoalTask):
        def logits(self, picture: Tensor, rows: Rows) -> Tensor:
            if picture.shape != sim.shape:
                return torch.zeros(len(picture))
            hidden = (picture - sim).reshape(len(picture), -1)
            return torch.where(hidden.std(dim=1) < 1e-3, hidden.mean(dim=1), 0.0)

    sim = made._sim.held_out(64).picture
    made.G, made.Q_real = Smuggles(), Decodes(NETWORK)  # type: ignore[assignment]
    judged = made.judge()
    assert judged["auc_real_g_x"] == 1.0
    assert judged["auc_real_g_x_noisy"] == 0.5


def test_the_six_are_in_the_order_that_the_grid_names(domains: Domains) -> None:
    made = watched()
    named = made.pictures()
    assert list(named) == ["x", "G(x)", "F(G(x))", "y", "F(y)", "G(F(y))"]
    means = [float(picture.mean()) for picture in named.values()]
    assert means == pytest.approx([0.1, 0.11, 0.112, -0.3, -0.298, -0.288], abs=1e-4)
    assert Six._fields == ("x", "g_x", "f_g_x", "y", "f_y", "g_f_y")
