# SPDX-License-Identifier: Apache-2.0
"""Stage "RL-CycleGAN", the joint phase: generators must not change what Q says (Rao et al. 2020).

Six pictures, six Q-values: q_x = Q_sim(x), q'_x = Q_real(G(x)), q''_x = Q_sim(F(G(x))) and the same
from y with Q_real and Q_sim changed over. The RL loss trains both Q on all six; the RL-scene loss
asks the Q of each triple to agree and moves the generators alone. Which loss moves what is said by
`routes` (table 5) and nothing else.
"""

from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from rlcg_train.adapt.cycle_gan import CycleGanStage, Six, disturbed
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.halves import Half, HalfSource
from rlcg_train.adapt.losses import scene_loss
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.smooth import smooth_loss
from rlcg_train.adapt.task import TaskQ, td_loss
from rlcg_train.fit import auc

RowsT = TypeVar("RowsT")
JUDGED = 64


class RlCycleGanStage(CycleGanStage, Generic[RowsT]):
    """CycleGAN with two Q-networks; ``Q_sim`` owns x, F(G(x)), F(y), ``Q_real`` the others."""

    kind = "rl_cycle_gan"

    def __init__(
        self,
        settings: GanSettings,
        sim: HalfSource[RowsT],
        real: HalfSource[RowsT],
        tasks: tuple[TaskQ[RowsT], TaskQ[RowsT]],
        seed: int = 1,
    ) -> None:
        """``tasks``: Q_sim and Q_real."""
        super().__init__(settings, sim, real, seed)
        self.Q_sim, self.Q_real = tasks
        self.networks |= {"Q_sim": self.Q_sim, "Q_real": self.Q_real}
        self.optimizers["q"] = settings.optimizer([self.Q_sim, self.Q_real])
        self.routes = (
            *self.routes,
            Route("rl", settings.weights.rl, ("Q_sim", "Q_real")),
            Route("scene", settings.weights.scene, ("G", "F")),
        )

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Learn from half a batch of each domain."""
        x = self._sim.draw(self.settings.batch, rng)
        y = self._real.draw(self.settings.batch, rng)
        smooth = smooth_loss({self.D_X: x.picture, self.D_Y: y.picture}, rng, self.compute)
        numbers = self.descend(self.all_losses(x, y) | smooth)
        self.Q_sim.after_step()
        self.Q_real.after_step()
        return numbers

    def all_losses(self, x: Half[RowsT], y: Half[RowsT]) -> dict[str, Tensor]:
        """Return CycleGAN's losses, and the RL and scene losses on the six pictures."""
        six = self.six(x.picture, y.picture)
        logits, targets = self.six_logits(six, x.rows, y.rows), self.six_targets(x, y)
        values = [torch.sigmoid(one) for one in logits]
        rl = [td_loss(one, target) for one, target in zip(logits, targets, strict=True)]
        return {
            **self.losses(six),
            "rl": torch.stack(rl).sum(),
            "scene": scene_loss(values[:3]) + scene_loss(values[3:]),
        }

    def six_logits(self, six: Six, of_x: RowsT, of_y: RowsT) -> list[Tensor]:
        """Return logits (B,) of the six pictures, with the actions of the source transitions."""
        return [
            self.Q_sim.logits(six.x, of_x),
            self.Q_real.logits(six.g_x, of_x),
            self.Q_sim.logits(six.f_g_x, of_x),
            self.Q_real.logits(six.y, of_y),
            self.Q_sim.logits(six.f_y, of_y),
            self.Q_real.logits(six.g_f_y, of_y),
        ]

    @torch.no_grad()
    def six_targets(self, x: Half[RowsT], y: Half[RowsT]) -> list[Tensor]:
        """Return targets (B,) of the six, the next states seen through the same generators."""
        if x.next_picture is None or y.next_picture is None:
            sim, real = self.Q_sim.targets(None, x.rows), self.Q_real.targets(None, y.rows)
            return [sim, sim, sim, real, real, real]
        after = self.six(x.next_picture, y.next_picture)
        return [
            self.Q_sim.targets(after.x, x.rows),
            self.Q_real.targets(after.g_x, x.rows),
            self.Q_sim.targets(after.f_g_x, x.rows),
            self.Q_real.targets(after.y, y.rows),
            self.Q_sim.targets(after.f_y, y.rows),
            self.Q_real.targets(after.g_f_y, y.rows),
        ]

    @torch.no_grad()
    def judge(self) -> dict[str, float]:
        """Return ranking and spread of both Q on attempts that were held out.

        Where generators write Q into the picture and Q reads it off, the ranking holds in G(x),
        and neither in G(x) with a little noise nor in real pictures.
        """
        x, y = self._sim.held_out(JUDGED), self._real.held_out(JUDGED)
        made = self.G(x.picture)
        cases = {
            "sim_x": (self.Q_sim, x.picture, x),
            "real_g_x": (self.Q_real, made, x),
            "real_g_x_noisy": (self.Q_real, disturbed(made), x),
            "real_y": (self.Q_real, y.picture, y),
        }
        found: dict[str, float] = super().judge()
        for name, (q, picture, half) in cases.items():
            scores = q.logits(picture, half.rows)
            found[f"auc_{name}"] = auc(scores, q.truth(half.rows))
            found[f"q_spread_{name}"] = float(q.spread(picture, half.rows))
        return found

    def more_state(self) -> dict[str, Any]:
        """Return what the tasks keep beside their weights."""
        return {"Q_sim": self.Q_sim.more_state(), "Q_real": self.Q_real.more_state()}

    def load_more_state(self, state: dict[str, Any]) -> None:
        """Take what `more_state` gave."""
        self.Q_sim.load_more_state(state["Q_sim"])
        self.Q_real.load_more_state(state["Q_real"])
