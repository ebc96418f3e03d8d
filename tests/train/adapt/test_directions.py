# SPDX-License-Identifier: Apache-2.0
"""RL-CycleGAN: which network sees which pictures, in which direction."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from rl_stages import SMALL, Domains
from torch import Tensor, nn

from rlcg_train.adapt.cycle_gan import Six
from rlcg_train.adapt.halves import Half
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.task import TaskQ


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


def test_the_six_are_in_the_order_that_the_grid_names(domains: Domains) -> None:
    made = watched()
    made.means = {"G": made.G, "F": made.F}
    named = made.pictures()
    assert list(named) == ["x", "G(x)", "F(G(x))", "y", "F(y)", "G(F(y))"]
    means = [float(picture.mean()) for picture in named.values()]
    assert means == pytest.approx([0.1, 0.11, 0.112, -0.3, -0.298, -0.288], abs=1e-4)
    assert Six._fields == ("x", "g_x", "f_g_x", "y", "f_y", "g_f_y")
