# SPDX-License-Identifier: Apache-2.0
"""The recorder keeps what came before a fault, once, in a bag of its own."""

from pathlib import Path

import pytest
from bag_bench import STOP, KeeperBench, joint_state, times

from rlcg_record.sample import Decided, Ended, GateNews, Wished


def test_a_stopped_gate_dumps_what_came_before_once(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path, ring_s=5.0, tail_s=2.0)
    bench.run(20.0)
    bench.give(None, STOP)
    bench.run(20.5)
    bench.give(None, STOP)
    bench.give(None, Ended("one", "GATE_STOPPED"))
    bench.run(25.0)
    bench.give(None, STOP)
    (bag,) = bench.bags()
    assert bag.name.startswith("fault_")
    assert bag.name.endswith("_GATE_DEADMAN")
    assert times(bag)[0] == pytest.approx(15.0, abs=0.11)
    assert times(bag)[-1] == pytest.approx(22.5, abs=1.01)
    bench.give(None, GateNews(stopped=False, reason="OK"))
    bench.give(None, STOP)
    assert len(bench.bags("fault")) == 2


def test_a_fault_in_an_episode_is_in_both_bags(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path)
    bench.run(8.0)
    bench.give(None, Decided("one", 0))
    bench.run(9.0)
    bench.give(joint_state(9.05), Ended("one", "STALE_IMAGE"))
    bench.run(14.0)
    (episode,), (fault,) = bench.bags("episode"), bench.bags("fault")
    assert fault.name.endswith("_STALE_IMAGE")
    assert 9.05 in times(episode)
    assert times(fault).count(9.05) == 1
    assert times(fault)[0] < times(episode)[0]


def test_in_mode_faults_episodes_are_not_kept_but_dumps_on_request_are(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path, episodes=False)
    bench.run(3.0)
    bench.give(None, Decided("one", 0))
    bench.give(None, Wished())
    bench.keeper.close()
    (bag,) = bench.bags()
    assert bag.name.endswith("_ON_REQUEST")
