# SPDX-License-Identifier: Apache-2.0
"""Who learns: the plain loop and `rlcg-train`, each built in a process of its own.

All have the same network, settings, episodes and one thread. Units of their work are samples, a
sample being one label that went through one gradient step.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from rlcg_bench.learning.episodes import SOURCE
from rlcg_bench.learning.plain_loop import PlainLoop
from rlcg_bench.timed_process import Work
from rlcg_train.allocator import keep_freed_memory
from rlcg_train.device import choose
from rlcg_train.qt_opt.learner import Learner
from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.patch_q import PatchQNetwork, PatchQSettings
from rlcg_train.qt_opt.q_function import QFunction
from rlcg_train.qt_opt.ramp import Ramp
from rlcg_train.qt_opt.replay import ReplaySource
from rlcg_train.qt_opt.settings import LearnSettings, StreamSettings, paper
from rlcg_train.qt_opt_network import QtOptSettings


@dataclass(frozen=True)
class Size:
    """What is learned. ``network``: small or paper; ``stored``: episodes in the store.

    ``episodes`` of a cycle, ``batch`` of a step.

    A cycle of the defaults is a few times longer; short ones take turns more often.
    """

    network: str = "small"
    stored: int = 64
    episodes: int = 24
    batch: int = 128

    @property
    def side_px(self) -> int:
        """Return the side of the stored pictures."""
        return QtOptSettings().scale_px if self.network == "paper" else PatchQSettings().scale_px

    def build(self) -> QFunction:
        """Return the network, untrained."""
        torch.manual_seed(1)
        if self.network == "paper":
            return PaperQ(QtOptSettings())
        return PatchQNetwork(PatchQSettings())

    def settings(self) -> LearnSettings:
        """Return how it learns: the profile's defaults, all labels by the target networks."""
        profile = paper() if self.network == "paper" else LearnSettings()
        stream = StreamSettings(SOURCE, Ramp(1.0, 1.0), Ramp(0.0, 0.0))
        return replace(profile, streams=(stream,), episodes=self.episodes, batch=self.batch)


Build = Callable[[Path, Size], Work]


def plain(store: Path, size: Size) -> Work:
    """Return the plain loop."""
    loop = PlainLoop(size.build(), size.settings(), ReplaySource(store / SOURCE))
    return Work("plain", loop.step)


def plain_keeping_memory(store: Path, size: Size) -> Work:
    """Return the plain loop in a process that keeps freed memory, as the learner's does."""
    keep_freed_memory()
    return plain(store, size)


def learner(store: Path, size: Size, passes: int = 0, precision: str = "auto") -> Work:
    """Return `rlcg-train`'s learner on the processor; ``passes`` 0 is the profile's."""
    settings = size.settings()
    settings = replace(settings, passes=passes or settings.passes)
    sources = {SOURCE: ReplaySource(store / SOURCE)}
    made = Learner(settings, size.build(), sources, choose("cpu", precision))

    def cycle() -> int:
        before = made.targets.steps
        made.cycle()
        return (made.targets.steps - before) * settings.batch

    return Work("learner", cycle)
