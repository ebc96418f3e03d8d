# SPDX-License-Identifier: Apache-2.0
"""The alarm of a run of QT-Opt tells of a Q that collapses."""

from pathlib import Path

import torch
from qt_opt_runs import learn_settings
from toy_grasps import small_network

from rlcg_train.qt_opt.judge import AlarmSettings, CollapseAlarm, Judge
from rlcg_train.qt_opt.learner import Learner
from rlcg_train.qt_opt.replay import ReplaySource


def judged(store: Path, constant: bool) -> dict[str, float]:
    torch.manual_seed(1)
    network = small_network()
    if constant:
        torch.nn.init.zeros_(network.head[-1].weight)
    streams = {name: ReplaySource(store / name) for name in ("scripted", "on_policy")}
    return Judge(Learner(learn_settings(), network, streams)).metrics()


def test_a_uniform_q_raises_the_alarm(store: Path) -> None:
    metrics = judged(store, constant=True) | {"loss": 0.1}
    assert metrics["q_spread_actions"] == 0.0
    assert "Q collapses" in CollapseAlarm(AlarmSettings()).text(30, metrics)
    assert CollapseAlarm(AlarmSettings()).text(5, metrics) == ""  # too early to tell


def test_a_ranking_that_falls_while_the_loss_falls_raises_the_alarm() -> None:
    alarm = CollapseAlarm(AlarmSettings())
    fine = {"q_spread_actions": 0.1, "held_out_auc": 0.9, "loss": 0.5}
    assert alarm.text(20, fine) == ""
    assert (
        alarm.text(21, fine | {"held_out_auc": 0.75, "loss": 0.6}) == ""
    )  # both worse: no paradox
    assert "while its loss fell" in alarm.text(22, fine | {"held_out_auc": 0.75, "loss": 0.3})
    assert "ranks held-out" in alarm.text(23, fine | {"held_out_auc": 0.5})
