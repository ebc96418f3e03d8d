# SPDX-License-Identifier: Apache-2.0
"""The learner: draw episodes, let the Bellman updater label them, descend the cross-entropy."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from rlcg_core.errors import ConfigError, DataError
from rlcg_train.allocator import keep_freed_memory
from rlcg_train.device import PLAIN, Compute
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.replay import ReplaySource, check_views
from rlcg_train.qt_opt.settings import LearnSettings
from rlcg_train.qt_opt.target_networks import TargetNetworks
from rlcg_train.qt_opt.updater import BellmanUpdater, Drawn, joined
from rlcg_train.run_ending import DivergedError


class Learner:
    """Owns the networks and the optimizer; `cycle` learns from what the sources have by then."""

    def __init__(
        self,
        settings: LearnSettings,
        network: QFunction,
        sources: dict[str, ReplaySource],
        compute: Compute = PLAIN,
    ) -> None:
        """``sources``: by the names of the streams; a source may be empty at first.

        Raises `ConfigError` for a ``compute`` of several processes.
        """
        if compute.world > 1:
            raise ConfigError(
                f"found {compute.world} processes, expected one: what actors add meanwhile would "
                "not reach all of them alike"
            )
        torch.set_num_threads(settings.threads)
        keep_freed_memory()
        self.settings, self.online, self.sources = settings, network, sources
        self.compute = compute
        network.bf16 = compute.bf16
        network.to(compute.device)
        self.optimizer = optimizer_for(settings, network)
        self.targets = TargetNetworks(network, settings.averages)
        self._updater = BellmanUpdater(settings, self.targets, sources)
        self.cycles = 0

    def cycle(self) -> dict[str, float]:
        """Learn once from freshly labelled episodes; returns metrics.

        Raises `DivergedError`, and `DataError` for a store that cannot be learned from. All that is
        random follows from the seed and the number of the cycle.
        """
        rng = np.random.default_rng([self.settings.seed, self.cycles])
        torch.manual_seed(int(rng.integers(2**31)))
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate.at(self.cycles)
        for source in self.sources.values():
            source.refresh()
        check_views(self.sources, self.online.side_px)
        started = time.perf_counter()
        drawn, metrics = self._updater.labelled(self.cycles, rng)
        labelled = time.perf_counter()
        losses = self._descend(drawn, rng)
        self.cycles += 1
        values = np.concatenate([d.labels.value for d in drawn])
        return metrics | {
            "loss": float(np.mean(losses)) if losses else float("nan"),
            "value_mean": float(values.mean()),
            "labels": float(len(values)),
            "gradient_steps": float(self.targets.steps),
            "label_seconds": labelled - started,
            "fit_seconds": time.perf_counter() - labelled,
        }

    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs to go on exactly."""
        return {
            "online": self.online.state_dict(),
            "targets": self.targets.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "cycles": self.cycles,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.online.load_state_dict(state["online"])
        self.targets.load_state_dict(state["targets"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.cycles = int(state["cycles"])

    def _descend(self, drawn: list[Drawn], rng: np.random.Generator) -> list[float]:
        """Pass over all labels in random order, as often as the settings say."""
        rows = np.array(
            [(d, i) for d, one in enumerate(drawn) for i in range(len(one.labels.step))]
        )
        if len(rows) < 2:
            raise DataError(
                f"{len(rows)} steps to learn from in {len(drawn)} episodes, expected at least 2: "
                "collect more"
            )
        size = min(self.settings.batch, len(rows))
        self.online.train()
        losses = []
        for _ in range(self.settings.passes):
            order = rng.permutation(len(rows))
            for start in range(0, len(order) - size + 1, size):
                losses.append(self._step(*self._batch(drawn, rows[order[start : start + size]])))
        return losses

    def _batch(
        self, drawn: list[Drawn], rows: npt.NDArray[np.int64]
    ) -> tuple[Scene, Tensor, Tensor, Tensor]:
        pictures, steps, columns = [], [], []
        for number in np.unique(rows[:, 0]):
            one, labels = drawn[number], drawn[number].labels
            mine = rows[rows[:, 0] == number, 1]
            pictures.append(one.source.pictures(one.key, labels.step[mine]))
            steps.append(one.source.steps(one.key)[labels.step[mine]])
            columns.append((labels.target[mine], labels.command[mine], labels.value[mine]))
        scene = joined(self.online, drawn[0].source, pictures, steps)
        target, command, value = (np.concatenate(c) for c in zip(*columns, strict=True))
        here = self.compute.device
        return (
            scene,
            torch.tensor(target, device=here).float(),
            torch.tensor(command, device=here),
            torch.tensor(value, device=here).float(),
        )

    def _step(self, scene: Scene, target: Tensor, command: Tensor, value: Tensor) -> float:
        logits = self.online.varied_logits(scene, target, command)
        loss = functional.binary_cross_entropy_with_logits(logits, value)
        self.optimizer.zero_grad()
        loss.backward()
        limit = self.settings.gradient_limit
        norm = nn.utils.clip_grad_norm_(self.online.parameters(), limit)
        if not torch.isfinite(loss) or not torch.isfinite(norm):
            raise DivergedError(
                f"loss {loss.item()} and gradient {norm.item()} at step {self.targets.steps}, "
                "expected numbers: the last good checkpoint is kept; start again from it with a "
                "lower learning rate"
            )
        self.optimizer.step()
        self.targets.update()
        return float(loss.detach())


def optimizer_for(settings: LearnSettings, network: nn.Module) -> torch.optim.Optimizer:
    """Return the optimizer that the settings name."""
    rate, decay = settings.learning_rate.at(0), settings.weight_decay
    if settings.optimizer == "momentum":
        return torch.optim.SGD(network.parameters(), rate, momentum=0.9, weight_decay=decay)
    return torch.optim.AdamW(network.parameters(), rate, weight_decay=decay)
