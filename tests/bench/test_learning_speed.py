# SPDX-License-Identifier: Apache-2.0
"""The learner against a plain loop: they learn the same thing, and one of them faster."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rlcg_bench.learning import contestants, episodes, throughput
from rlcg_bench.learning.contestants import Size
from rlcg_bench.learning.plain_loop import PlainLoop, whole_logits
from rlcg_bench.learning.shares import OTHER, OUTSIDE, kind_of, shares
from rlcg_bench.timed_process import Steps
from rlcg_train.qt_opt.labels import state_values
from rlcg_train.qt_opt.learner import Learner
from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.replay import ReplaySource
from rlcg_train.qt_opt.search import SearchSettings
from rlcg_train.qt_opt.updater import seen_by
from rlcg_train.qt_opt_network import QtOptSettings

SIZE = Size(stored=3, episodes=2, batch=16)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    episodes.write(folder, SIZE.side_px, SIZE.stored)
    return folder


def test_the_plain_loop_scores_choices_as_the_learner_does(store: Path) -> None:
    source, q = ReplaySource(store / episodes.SOURCE), SIZE.build().eval()
    scene = seen_by(q, source, source.train[0], np.array([3]))
    target = torch.tensor([[[0.6, 0.0, 0.05, 0.2], [0.5, 0.1, 0.02, -0.4]]])
    command = torch.tensor([[0, 1]])
    shared = q.logits(scene, q.encode(scene), target, command)[0]
    torch.testing.assert_close(whole_logits(q, scene, target[0], command[0]), shared)


def test_both_label_a_transition_alike(store: Path) -> None:
    """An endless search finds the same best choice, whoever searches."""
    source = ReplaySource(store / episodes.SOURCE)
    settings = replace(SIZE.settings(), search=SearchSettings(200, 6, 4))
    loop, key = PlainLoop(SIZE.build(), settings, source), source.train[0]
    first, second = loop.targets.averaged, loop.targets.lagged
    scene, generator = seen_by(first, source, key, np.array([3])), torch.Generator().manual_seed(1)
    nothing = torch.zeros(1, 0, 4)
    value = float(state_values(first, second, scene, settings.search, generator, nothing))
    expected = settings.returns.discount * value - settings.returns.step_penalty
    torch.manual_seed(2)
    assert float(loop.label(key, 2)) == pytest.approx(expected, abs=0.01)
    last = key.stored.count - 1
    assert float(loop.label(key, last)) == float(source.steps(key)["reward"][last])


def test_both_descend(store: Path) -> None:
    for build in (contestants.plain, contestants.learner):
        work = build(store, SIZE)
        done = work.step()
        assert done > 0
        assert done % SIZE.batch == 0


def test_the_papers_network_learns_in_both(tmp_path: Path) -> None:
    tiny = QtOptSettings(
        channels=4, tower_convolutions=1, merged_convolutions=1, context=8, dense=8
    )
    size = Size("paper", episodes=1, batch=2)
    settings = replace(size.settings(), search=SearchSettings(4, 2, 1))
    episodes.write(tmp_path, size.side_px, episodes=2, steps=3)
    source = ReplaySource(tmp_path / episodes.SOURCE)
    assert PlainLoop(PaperQ(tiny), settings, source).step() == 2
    assert Learner(settings, PaperQ(tiny), {episodes.SOURCE: source}).cycle()["labels"] >= 3


def test_the_bar_is_the_median_of_the_rounds_ratios() -> None:
    found = {
        throughput.PLAIN: [Steps(9.0, cpu_ms) for cpu_ms in (8.0, 12.0, 4.0)],
        throughput.OURS: [Steps(9.0, cpu_ms) for cpu_ms in (2.0, 2.0, 2.0)],
    }
    bar = throughput.bar(found)
    assert (bar.found, bar.holds) == (4.0, True)


def test_every_part_of_the_time_is_counted_once(store: Path) -> None:
    found = shares(contestants.learner(store, SIZE).step)
    assert sum(share.part for share in found) == pytest.approx(1.0)
    assert found[0].part > 0.15
    assert kind_of("aten::convolution_backward") != kind_of("aten::mkldnn_convolution")
    assert kind_of("aten::pow") == OTHER != OUTSIDE


@pytest.mark.slow
def test_learning_is_faster_than_a_plain_loop() -> None:
    section = throughput.measure(Size(stored=12, episodes=6, batch=64), rounds=2)
    assert section.complete
    (bar,) = section.bars
    # Half of the bar: batches and cycles are short here.
    assert bar.found is not None
    assert bar.found > 0.5 * bar.limit
    assert {"cpu_ms", "shares", "size"} <= set(section.details)
