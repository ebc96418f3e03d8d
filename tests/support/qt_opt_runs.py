# SPDX-License-Identifier: Apache-2.0
"""Settings of QT-Opt's runs at toy size, and what they leave."""

import dataclasses
from pathlib import Path

import torch
from toy_grasps import SMALL

from rlcg_train.qt_opt.run import POLICY, RunSettings
from rlcg_train.qt_opt.search import SearchSettings
from rlcg_train.qt_opt.settings import LearnSettings, Ramp, StreamSettings
from rlcg_train.qt_opt.target_networks import AverageSettings


def learn_settings(trace: float = 0.5, episodes: int = 6) -> LearnSettings:
    streams = (
        StreamSettings("scripted", Ramp(1.0, 1.0), Ramp(1.0, trace, 0, 2)),
        StreamSettings("on_policy", Ramp(1.0, 1.0), Ramp(1.0, 1.0)),
    )
    return LearnSettings(
        streams,
        episodes=episodes,
        batch=16,
        passes=1,
        search=SearchSettings(6, 2, 1),
        averages=AverageSettings(0.9, 4, 2),
    )


def settings(store: Path, out: Path, **changes: object) -> RunSettings:
    made = RunSettings(out, store, learn=learn_settings(), network=SMALL, judge_every=2)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def weights(path: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(path / POLICY, weights_only=True)["network"]
    return found


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    for name, weight in one.items():
        torch.testing.assert_close(other[name], weight, atol=0, rtol=0)
