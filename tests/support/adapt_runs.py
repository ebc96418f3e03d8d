# SPDX-License-Identifier: Apache-2.0
"""Settings of a stage's run at toy size, and stages that break or draw numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.run import RunSettings
from rlcg_train.adapt.stage import Stage

SMALL = GanSettings(
    59,
    16,
    16,
    scales=2,
    batch=2,
    learning_rate=1e-3,
)


def settings(out: Path, steps: int, **more: Any) -> RunSettings:
    plain: dict[str, Any] = {"note_every": 2, "judge_every": 4, **more}
    return RunSettings(out, {"what": "test"}, steps, **plain)


class Breaks(Stage):
    """A stage whose loss, or only the gradient of it, is no number at its third step."""

    kind = "breaks"

    def __init__(self, in_gradient: bool = False) -> None:
        self.in_gradient = in_gradient
        self.net = nn.Linear(1, 1, bias=False)
        nn.init.ones_(self.net.weight)
        self.networks, self.means = {"net": self.net}, {}
        self.optimizers = {"net": torch.optim.SGD(self.net.parameters(), 0.1)}
        self.routes = (Route("loss", 1.0, ("net",)),)
        self.steps = 0

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        self.steps += 1
        loss = self.net.weight.sum()
        if self.steps == 3:
            # The root of zero is a number, its slope is none.
            loss = (0.0 * loss).sqrt() if self.in_gradient else float("nan") * loss
        return self.descend({"loss": loss})


class Draws(Breaks):
    """Keeps what torch and numpy draw in each step."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[tuple[float, float]] = []

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        self.drawn.append((float(torch.rand(())), float(rng.random())))
        return {"loss": 0.0}
