# SPDX-License-Identifier: Apache-2.0
"""Is Q alive? Its spread over random actions, and how well it ranks episodes that were held out.

A Q-function that collapses becomes uniform while its losses look fine (RL-CycleGAN, appendix A).
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
import torch

from rlcg_train.fit import auc
from rlcg_train.qt_opt.learner import Learner
from rlcg_train.qt_opt.log_format import End
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.search import move_logits
from rlcg_train.qt_opt.updater import seen_by

ACTIONS = 64


@dataclass(frozen=True)
class AlarmSettings:
    """When to worry; silent before ``after`` cycles.

    A spread of Q below ``spread``, a ranking below ``auc``, or one that lost ``drop`` since its
    best while the loss fell.
    """

    spread: float = 0.01
    auc: float = 0.55
    drop: float = 0.1
    after: int = 20


@torch.no_grad()
def spread(q: QFunction, scene: Scene, generator: torch.Generator) -> tuple[float, float]:
    """Return the standard deviation of Q over 64 random moves, and that of Q's mean over states."""
    frames = len(scene.tool)
    noise = torch.randn(frames, ACTIONS, len(q.space.variables), generator=generator).to(q.device)
    target = q.space.to_target(q.space.draw(noise), scene.pose[:, None])
    value = torch.sigmoid(move_logits(q, scene, q.encode(scene), target))
    return float(value.std(dim=1).mean()), float(value.mean(dim=1).std())


class Judge:
    """Judges a learner's averaged network on held-out episodes, always the same ones."""

    def __init__(self, learner: Learner, episodes: int = 60, frames: int = 16) -> None:
        self._learner, self._episodes, self._frames = learner, episodes, frames

    @torch.no_grad()
    def metrics(self) -> dict[str, float]:
        """Return spread and ranking; nothing while no episode is held out."""
        learner = self._learner
        keys = [
            (source, key)
            for source in learner.sources.values()
            for key in source.held_out[: self._episodes]
        ]
        if len(keys) < 2:
            return {}
        q, scores, truth, first = learner.targets.averaged, [], [], []
        for source, key in keys:
            steps = source.steps(key)
            done = np.flatnonzero((steps["end"] == End.GOES_ON) & (steps["explored"] == 0))[:8]
            if not len(done):
                continue
            scene = seen_by(q, source, key, done)
            target = torch.tensor(steps["target"][done], device=q.device)[:, None]
            command = torch.tensor(steps["command"][done].astype(np.int64), device=q.device)
            scores.append(q.logits(scene, q.encode(scene), target, command[:, None])[:, 0].cpu())
            truth.append(torch.full((len(done),), float(key.stored.success)))
            first.append(scene)
        return self._summary(torch.cat(scores), torch.cat(truth), first)

    def _summary(
        self, scores: torch.Tensor, truth: torch.Tensor, scenes: list[Scene]
    ) -> dict[str, float]:
        some = scenes[:: max(1, len(scenes) // self._frames)]
        joined = [torch.cat([scene[i][:1] for scene in some]) for i in range(3)]
        scene = Scene(joined[0], joined[1], joined[2], some[0].projection)
        generator = torch.Generator().manual_seed(0)
        over_actions, over_states = spread(self._learner.targets.averaged, scene, generator)
        return {
            "held_out_auc": auc(scores, truth),
            "q_spread_actions": over_actions,
            "q_spread_states": over_states,
        }


class CollapseAlarm:
    """Watches the judge's metrics from cycle to cycle."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._best_auc, self._losses = 0.0, deque[float](maxlen=10)

    def text(self, cycle: int, metrics: dict[str, float]) -> str:
        """Return what is wrong, empty if nothing is."""
        if "held_out_auc" not in metrics:
            return ""
        auc_now, limits = metrics["held_out_auc"], self._settings
        falling = bool(self._losses) and metrics["loss"] < self._losses[0]
        self._losses.append(metrics["loss"])
        lost = self._best_auc - auc_now
        self._best_auc = max(self._best_auc, auc_now)
        if cycle < limits.after:
            return ""
        if metrics["q_spread_actions"] < limits.spread:
            return (
                f"Q collapses: its spread over random actions is "
                f"{metrics['q_spread_actions']:.4f}, expected above {limits.spread:g}"
            )
        if auc_now < limits.auc:
            return f"Q ranks held-out episodes at {auc_now:.2f}, expected above {limits.auc:g}"
        if falling and lost > limits.drop:
            return f"Q's ranking fell by {lost:.2f} to {auc_now:.2f} while its loss fell: collapse?"
        return ""
