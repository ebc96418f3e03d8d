# SPDX-License-Identifier: Apache-2.0
"""The yardstick: Q-learning as one writes it down first, with the networks of `rlcg-train`.

Every gradient step draws transitions anew and labels each of them: CEM in which the whole network
sees every candidate, then the smaller of both target networks. Float32, one process, nothing kept
between steps but the weights. What is learned is the same: picture, search, loss, optimizer,
averages.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rlcg_train.qt_opt.learner import optimizer_for
from rlcg_train.qt_opt.log_format import End
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.replay import EpisodeKey, ReplaySource
from rlcg_train.qt_opt.search import COMMANDS
from rlcg_train.qt_opt.settings import LearnSettings
from rlcg_train.qt_opt.target_networks import TargetNetworks
from rlcg_train.qt_opt.updater import seen_by

Transition = tuple[EpisodeKey, int]


class PlainLoop:
    """Learns from a source; `step` is one gradient step."""

    def __init__(self, network: QFunction, settings: LearnSettings, source: ReplaySource) -> None:
        torch.set_num_threads(1)
        network.bf16 = False
        self.online, self._settings, self._source = network, settings, source
        self.targets = TargetNetworks(network, settings.averages)
        self._transitions = [(k, i) for k in source.train for i in range(k.stored.count)]
        self._optimizer = optimizer_for(settings, network)
        self._rng = np.random.default_rng(settings.seed)

    def step(self) -> int:
        """Descend once; return how many samples that took."""
        chosen = self._rng.integers(len(self._transitions), size=self._settings.batch)
        batch = [self._transitions[i] for i in chosen]
        labels = torch.stack([self.label(key, i) for key, i in batch])
        scenes = [self._see(key, i) for key, i in batch]
        steps = np.concatenate([self._source.steps(key)[i : i + 1] for key, i in batch])
        columns = [torch.cat([scene[c] for scene in scenes]) for c in range(3)]
        scene = Scene(columns[0], columns[1], columns[2], scenes[0].projection)
        command = torch.tensor(steps["command"].astype(np.int64))
        self.online.train()
        logits = self.online.varied_logits(scene, torch.tensor(steps["target"]), command)
        loss = functional.binary_cross_entropy_with_logits(logits, labels)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self.targets.update()
        return len(batch)

    @torch.no_grad()
    def label(self, key: EpisodeKey, i: int) -> Tensor:
        """Return what the transition from step ``i`` of an episode was worth."""
        step, returns = self._source.steps(key)[i], self._settings.returns
        if step["end"] != End.GOES_ON:
            return torch.tensor(float(step["reward"]))
        scene, first = self._see(key, i + 1), self.targets.averaged
        target, command = self._search(first, scene)
        values = [whole_logits(q, scene, target, command) for q in (first, self.targets.lagged)]
        future = torch.sigmoid(torch.minimum(*values))[0]
        return (returns.discount * future - returns.step_penalty).clamp(0.0, 1.0)

    def _search(self, q: QFunction, scene: Scene) -> tuple[Tensor, Tensor]:
        """Return the best target (1, 4) and command (1,) of one frame."""
        search, space = self._settings.search, q.space
        mean, std = torch.tensor(space.start.mean0), torch.tensor(space.start.std0)
        targets, commands, scores = [], [], []
        for _ in range(search.iterations):
            samples = mean + std * torch.randn(search.samples, len(mean))
            samples = space.inside(samples)
            targets.append(space.to_target(samples, scene.pose))
            commands.append(torch.zeros(search.samples, dtype=torch.long))
            scores.append(whole_logits(q, scene, targets[-1], commands[-1]))
            elite = samples[scores[-1].topk(search.elites).indices]
            mean = elite.mean(dim=0)
            std = torch.maximum(elite.std(dim=0), torch.tensor(space.std_floor))
        commands.append(torch.tensor(COMMANDS))
        targets.append(scene.pose.expand(len(COMMANDS), 4))
        scores.append(whole_logits(q, scene, targets[-1], commands[-1]))
        best = torch.cat(scores).argmax()
        return torch.cat(targets)[best][None], torch.cat(commands)[best][None]

    def _see(self, key: EpisodeKey, i: int) -> Scene:
        return seen_by(self.online, self._source, key, np.array([i]))


def whole_logits(q: QFunction, scene: Scene, target: Tensor, command: Tensor) -> Tensor:
    """Return logits (N,) of targets (N, 4) and commands (N,), each by a pass of all layers."""
    count = len(target)
    picture, tool, state = (part.expand(count, *part.shape[1:]) for part in scene[:3])
    each = Scene(picture, tool, state, scene.projection)
    return q.logits(each, q.encode(each), target[:, None], command[:, None])[:, 0]
