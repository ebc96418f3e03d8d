# SPDX-License-Identifier: Apache-2.0
"""The Bellman updater: draws episodes of each stream and labels them by the target networks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlcg_core.errors import DataError
from rlcg_train.qt_opt.labels import Labelled, backed_up, label, state_values
from rlcg_train.qt_opt.log_format import End, StepArray
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.replay import EpisodeKey, ReplaySource
from rlcg_train.qt_opt.settings import LearnSettings, StreamSettings
from rlcg_train.qt_opt.target_networks import TargetNetworks

FRAMES_AT_ONCE = 16


@dataclass(frozen=True)
class Drawn:
    """An episode to learn from, and its labels."""

    source: ReplaySource
    key: EpisodeKey
    labels: Labelled


class BellmanUpdater:
    """Labels what the sources hold; ``sources`` by the names of the streams."""

    def __init__(
        self, settings: LearnSettings, targets: TargetNetworks, sources: dict[str, ReplaySource]
    ) -> None:
        self._settings, self._targets, self._sources = settings, targets, sources

    def labelled(
        self, cycle: int, rng: np.random.Generator
    ) -> tuple[list[Drawn], dict[str, float]]:
        """Return the labelled episodes of a cycle, and metrics; raises `DataError` if none is."""
        drawn: list[Drawn] = []
        metrics: dict[str, float] = {}
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        for stream, source, share in self._streams(cycle):
            trace = stream.trace.at(cycle)
            clipped = steps = 0
            for key in _draw(source, stream, round(share * self._settings.episodes), rng):
                found, cut = self._label(source, key, trace, generator)
                drawn.append(Drawn(source, key, found))
                clipped, steps = clipped + cut, steps + key.stored.count
            metrics |= {
                f"{stream.name}/share": share,
                f"{stream.name}/trace": trace,
                f"{stream.name}/episodes": float(len(source)),
                f"{stream.name}/skipped": float(len(source.skipped)),
                f"{stream.name}/clipped_share": clipped / max(1, steps),
            }
        return drawn, metrics

    def _label(
        self, source: ReplaySource, key: EpisodeKey, trace: float, generator: torch.Generator
    ) -> tuple[Labelled, int]:
        steps, settings = source.steps(key), self._settings
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
        wanted = 1 + np.flatnonzero(steps["end"][:-1] == End.GOES_ON)
        for index in np.split(wanted, range(FRAMES_AT_ONCE, len(wanted), FRAMES_AT_ONCE)):
            if not len(index):
                continue
            scene = seen_by(self._targets.averaged, source, key, index)
            # What was aimed at before and then is likely good: found without luck.
            also = np.stack([steps["target"][index - 1], steps["target"][index]], axis=1)
            found = state_values(
                self._targets.averaged,
                self._targets.lagged,
                scene,
                self._settings.search,
                generator,
                torch.tensor(also, device=scene.tool.device),
            )
            values[index] = found.cpu().numpy()
        return values

    def _streams(self, cycle: int) -> list[tuple[StreamSettings, ReplaySource, float]]:
        """Return the streams that have episodes, with their shares, which sum to one."""
        found = [
            (stream, self._sources[stream.name], stream.share.at(cycle))
            for stream in self._settings.streams
            if len(self._sources[stream.name])
        ]
        total = sum(share for _, _, share in found)
        if not found or total <= 0.0:
            raise DataError("no stream has an episode to learn from: collect some first")
        return [(stream, source, share / total) for stream, source, share in found]


def seen_by(
    network: QFunction, source: ReplaySource, key: EpisodeKey, index: npt.NDArray[np.int64]
) -> Scene:
    """Return frames of an episode as a network takes them."""
    return joined(network, source, [source.pictures(key, index)], [source.steps(key)[index]])


def joined(
    network: QFunction, source: ReplaySource, pictures: list[Tensor], steps: list[StepArray]
) -> Scene:
    """Return frames of some episodes, given as bytes and steps; one camera for all."""
    together, here = np.concatenate(steps), network.device
    projection = torch.tensor(source.description.projection, device=here).reshape(3, 4)
    picture = network.prepare(torch.cat(pictures).to(here))
    tool, state = (torch.tensor(together[name], device=here) for name in ("tool", "state"))
    return Scene(picture, tool, state, projection)


def _draw(
    source: ReplaySource, stream: StreamSettings, count: int, rng: np.random.Generator
) -> list[EpisodeKey]:
    """Return ``count`` episodes of a source, a share of them from its newest."""
    size = len(source)
    fresh = round(stream.fresh_share * count) if size > stream.fresh else 0
    newest = size - 1 - rng.integers(min(stream.fresh, size), size=fresh)
    anywhere = rng.integers(size, size=count - fresh)
    return [source.train[i] for i in (*newest, *anywhere)]
