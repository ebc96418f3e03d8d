# SPDX-License-Identifier: Apache-2.0
"""The learner: draw episodes, let the Bellman updater label them, descend the cross-entropy."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from rlcg_core.errors import DataError
from rlcg_train.qt_opt.episode_log import StepArray
from rlcg_train.qt_opt.labels import Labelled, backed_up, label, state_values
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.replay import EpisodeKey, ReplaySource
from rlcg_train.qt_opt.settings import LearnSettings, StreamSettings
from rlcg_train.qt_opt.target_networks import TargetNetworks

FRAMES_AT_ONCE = 16


class DivergedError(DataError):
    """A loss or a weight is no number any more; the last good checkpoint is kept."""


@dataclass(frozen=True)
class _Drawn:
    """An episode to learn from, and its labels."""

    source: ReplaySource
    key: EpisodeKey
    labels: Labelled


class Learner:
    """Owns the networks and the optimizer; `cycle` learns from what the sources have by then."""

    def __init__(
        self, settings: LearnSettings, network: QFunction, sources: dict[str, ReplaySource]
    ) -> None:
        """``sources``: by the names of the streams; a source may be empty at first."""
        torch.set_num_threads(settings.threads)
        self.settings, self.online, self.sources = settings, network, sources
        network.bf16 = settings.bf16
        self.optimizer = _optimizer(settings, network)
        self.targets = TargetNetworks(network, settings.averages)
        self.cycles = 0

    def cycle(self) -> dict[str, float]:
        """Learn once from freshly labelled episodes; returns metrics. Raises `DivergedError`.

        All that is random follows from the seed and the number of the cycle.
        """
        rng = np.random.default_rng([self.settings.seed, self.cycles])
        torch.manual_seed(int(rng.integers(2**31)))
        for source in self.sources.values():
            source.refresh()
        started = time.perf_counter()
        drawn, metrics = self._labelled_episodes(rng)
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

    def _streams(self) -> list[tuple[StreamSettings, ReplaySource, float]]:
        """Return the streams that have episodes, with their shares, which sum to one."""
        found = [
            (stream, self.sources[stream.name], stream.share.at(self.cycles))
            for stream in self.settings.streams
            if len(self.sources[stream.name])
        ]
        total = sum(share for _, _, share in found)
        if not found or total <= 0.0:
            raise DataError("no stream has an episode to learn from: collect some first")
        return [(stream, source, share / total) for stream, source, share in found]

    def _labelled_episodes(self, rng: np.random.Generator) -> tuple[list[_Drawn], dict[str, float]]:
        drawn: list[_Drawn] = []
        metrics: dict[str, float] = {}
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        for stream, source, share in self._streams():
            trace = stream.trace.at(self.cycles)
            clipped = steps = 0
            for key in _draw(source, stream, round(share * self.settings.episodes), rng):
                found, cut = self._label(source, key, trace, generator)
                drawn.append(_Drawn(source, key, found))
                clipped, steps = clipped + cut, steps + key.stored.count
            metrics |= {
                f"{stream.name}/share": share,
                f"{stream.name}/trace": trace,
                f"{stream.name}/episodes": float(len(source)),
                f"{stream.name}/clipped_share": clipped / max(1, steps),
            }
        return drawn, metrics

    def _label(
        self, source: ReplaySource, key: EpisodeKey, trace: float, generator: torch.Generator
    ) -> tuple[Labelled, int]:
        steps, settings = source.steps(key), self.settings
        value = np.full(len(steps), np.nan)
        if trace < 1.0:
            value = self._values(source, key, steps, generator)
        backup = backed_up(steps, value, trace, settings.returns)
        found = label(steps, backup, value, settings.returns, settings.known_rate)
        return found, backup.clipped

    def _values(
        self,
        source: ReplaySource,
        key: EpisodeKey,
        steps: StepArray,
        generator: torch.Generator,
    ) -> npt.NDArray[np.float64]:
        """Return V (T,) of an episode's states; nan for the first, which nothing backs up to."""
        values = np.full(len(steps), np.nan)
        wanted = np.arange(1, len(steps))
        for index in np.split(wanted, range(FRAMES_AT_ONCE, len(wanted), FRAMES_AT_ONCE)):
            if not len(index):
                continue
            scene = self.scene(source, key, index)
            # What was aimed at before and then is likely good: found without luck.
            also = np.stack([steps["target"][index - 1], steps["target"][index]], axis=1)
            found = state_values(
                self.targets.averaged,
                self.targets.lagged,
                scene,
                self.settings.search,
                generator,
                torch.tensor(also),
            )
            values[index] = found.numpy()
        return values

    def scene(self, source: ReplaySource, key: EpisodeKey, index: npt.NDArray[np.int64]) -> Scene:
        """Return frames of an episode as the network takes them."""
        return self._seen(source, [source.pictures(key, index)], [source.steps(key)[index]])

    def _seen(self, source: ReplaySource, pictures: list[Tensor], steps: list[StepArray]) -> Scene:
        """Return frames of some episodes, given as bytes and steps; one camera for all."""
        joined = np.concatenate(steps)
        projection = torch.tensor(source.description.projection).reshape(3, 4)
        picture = self.online.prepare(torch.cat(pictures))
        return Scene(
            picture, torch.tensor(joined["tool"]), torch.tensor(joined["state"]), projection
        )

    def _descend(self, drawn: list[_Drawn], rng: np.random.Generator) -> list[float]:
        """Pass over all labels in random order, as often as the settings say."""
        rows = np.array(
            [(d, i) for d, one in enumerate(drawn) for i in range(len(one.labels.step))]
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
        self, drawn: list[_Drawn], rows: npt.NDArray[np.int64]
    ) -> tuple[Scene, Tensor, Tensor, Tensor]:
        pictures, steps, columns = [], [], []
        for number in np.unique(rows[:, 0]):
            one, labels = drawn[number], drawn[number].labels
            mine = rows[rows[:, 0] == number, 1]
            pictures.append(one.source.pictures(one.key, labels.step[mine]))
            steps.append(one.source.steps(one.key)[labels.step[mine]])
            columns.append((labels.target[mine], labels.command[mine], labels.value[mine]))
        scene = self._seen(drawn[0].source, pictures, steps)
        target, command, value = (np.concatenate(c) for c in zip(*columns, strict=True))
        return (
            scene,
            torch.tensor(target).float(),
            torch.tensor(command),
            torch.tensor(value).float(),
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


def _optimizer(settings: LearnSettings, network: nn.Module) -> torch.optim.Optimizer:
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "momentum":
        return torch.optim.SGD(network.parameters(), rate, momentum=0.9, weight_decay=decay)
    return torch.optim.AdamW(network.parameters(), rate, weight_decay=decay)


def _draw(
    source: ReplaySource, stream: StreamSettings, count: int, rng: np.random.Generator
) -> list[EpisodeKey]:
    """Return ``count`` episodes of a source, a share of them from its newest."""
    size = len(source)
    fresh = round(stream.fresh_share * count) if size > stream.fresh else 0
    newest = size - 1 - rng.integers(min(stream.fresh, size), size=fresh)
    anywhere = rng.integers(size, size=count - fresh)
    return [source.train[i] for i in (*newest, *anywhere)]
