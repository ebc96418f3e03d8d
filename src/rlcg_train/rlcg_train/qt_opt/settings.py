# SPDX-License-Identifier: Apache-2.0
"""Everything that fixes a QT-Opt run, as plain data that travels with its checkpoints."""

from dataclasses import dataclass, field
from typing import Literal

from rlcg_core.errors import ConfigError
from rlcg_train.qt_opt.labels import ReturnSettings
from rlcg_train.qt_opt.ramp import Ramp
from rlcg_train.qt_opt.search import SearchSettings
from rlcg_train.qt_opt.target_networks import AverageSettings


@dataclass(frozen=True)
class StreamSettings:
    """One replay source as training takes it.

    ``share``: its weight among the streams that have episodes. ``trace``: how much of the return
    that was seen goes into its labels (see `rlcg_train.qt_opt.labels`), 1 needs no network.
    ``fresh_share``: of its episodes drawn from its newest ``fresh`` ones.
    """

    name: str
    share: Ramp
    trace: Ramp
    fresh: int = 200
    fresh_share: float = 0.3


def streams(also: tuple[str, ...] = ()) -> tuple[StreamSettings, ...]:
    """Return the scripted stream, others like it, and the policy's own, which grows in weight.

    All begin with the return that was seen. Off-policy labels become one-step backups.
    """
    off_policy = [
        StreamSettings(name, Ramp(1.0, 1.0), Ramp(1.0, 0.0, 24, 60)) for name in ("scripted", *also)
    ]
    return (
        *off_policy,
        StreamSettings("on_policy", Ramp(0.6, 2.0, 10, 80), Ramp(0.9, 0.4, 24, 60)),
    )


@dataclass(frozen=True)
class LearnSettings:
    """How to learn; the defaults are the small profile's.

    A cycle labels ``episodes``, then passes ``passes`` times over the labels.
    ``known_rate``: share of the labels that need no simulator which are taken.
    """

    streams: tuple[StreamSettings, ...] = field(default_factory=streams)
    episodes: int = 96
    passes: int = 4
    batch: int = 128
    optimizer: Literal["adamw", "momentum"] = "adamw"
    learning_rate: Ramp = Ramp(1e-3, 1e-4, 70, 110)  # noqa: RUF009 it cannot be changed
    weight_decay: float = 0.02
    gradient_limit: float = 1.0
    known_rate: float = 0.15
    seed: int = 1
    threads: int = 1
    returns: ReturnSettings = field(default_factory=ReturnSettings)
    search: SearchSettings = field(default_factory=lambda: SearchSettings(12, 4, 2))
    averages: AverageSettings = field(default_factory=lambda: AverageSettings(0.995, 160, 4))

    def __post_init__(self) -> None:
        if self.episodes < 1 or self.batch < 2 or not self.streams:
            raise ConfigError("expected at least one stream, one episode and two steps a batch")
        if not 0.0 < self.returns.discount < 1.0 or self.returns.step_penalty < 0.0:
            raise ConfigError("expected a discount within (0, 1) and a step penalty >= 0")


def paper(also: tuple[str, ...] = ()) -> LearnSettings:
    """Return the settings of QT-Opt's paper and open code, for its own network."""
    return LearnSettings(
        streams=streams(also),
        episodes=32,
        passes=1,
        batch=32,
        optimizer="momentum",
        learning_rate=Ramp(1e-4, 1e-4),
        weight_decay=7e-5,
        returns=ReturnSettings(0.9, 0.05),
        search=SearchSettings(64, 6, 2),
        averages=AverageSettings(0.9999, 6000),
    )
