# SPDX-License-Identifier: Apache-2.0
"""The recorder gives each episode a bag: what is in it, when it begins and when it ends."""

from pathlib import Path

import pytest
from bag_bench import INFO, RESULTS, STOP, KeeperBench, joint_state, picture, sample, times
from rlcg_msgs.msg import EpisodeResult
from sensor_msgs.msg import CameraInfo

from rlcg_record.reader import BagReader
from rlcg_record.sample import Decided, Ended, Judged, Sample


def test_an_episode_is_a_bag_from_before_its_first_decision_to_after_its_end(
    tmp_path: Path,
) -> None:
    bench = KeeperBench(tmp_path, lead_s=1.0, tail_s=2.0)
    bench.run(10.0)
    bench.give(joint_state(10.0), Decided("one", 0))
    bench.run(12.0)
    bench.give(None, Ended("one", ""))
    bench.run(20.0)
    (bag,) = bench.bags()
    assert bag.name.startswith("episode_")
    assert bag.name.endswith("_one")
    assert times(bag)[0] == pytest.approx(9.0, abs=0.11)
    assert times(bag)[-1] == pytest.approx(14.0, abs=1.01)
    assert len(times(bag)) == len(set(times(bag))) + 1  # 10.0 was given twice by the test
    assert not BagReader(bag).truncated
    notes = BagReader(bag).notes
    assert notes["rlcg"] == {"robot": "bench"}
    assert notes["rlcg_bag"] == {"kind": "episode", "episode_id": "one"}


def test_several_robots_share_a_folder_and_their_bags_say_whose_they_are(tmp_path: Path) -> None:
    for robot in ("/cell/robot_1", "left arm"):
        bench = KeeperBench(tmp_path, robot=robot)
        bench.run(1.0)
        bench.give(None, Decided("ab12", 0))
        bench.give(None, STOP)
        bench.keeper.close()
    names = [bag.name.split("_", 2) for bag in bench.bags()]
    assert [(kind, rest) for kind, _, rest in names] == [
        ("episode", "cell-robot-1_ab12"),
        ("episode", "left-arm_ab12"),
        ("fault", "cell-robot-1_GATE_DEADMAN"),
        ("fault", "left-arm_GATE_DEADMAN"),
    ]


def test_the_frame_of_the_first_decision_is_in_the_bag_however_long_it_took(
    tmp_path: Path,
) -> None:
    bench = KeeperBench(tmp_path, lead_s=0.5)
    bench.run(1.0, picture)
    bench.run(4.0)
    bench.give(None, Decided("one", round(0.8e9)))
    bench.keeper.close()
    (bag,) = bench.bags()
    stamps = [m.header.stamp.nanosec for _, m in BagReader(bag).messages(["image_raw"])]
    assert stamps == [800_000_000, 900_000_000, 0]


def test_the_newest_camera_info_is_in_the_bag_however_old_it_is(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path, ring_s=2.0)
    bench.give(sample(INFO, CameraInfo(width=640), 0.0))
    bench.run(30.0)
    bench.give(None, Decided("one", 0))
    bench.keeper.close()
    (bag,) = bench.bags()
    stored = list(BagReader(bag).stored())
    assert [m.width for _, m in BagReader(bag).messages(["camera_info"])] == [640]
    # Logged where the bag begins, so that the bag does not seem to last 30 s.
    assert stored[0].message.log_time == min(item.message.log_time for item in stored)
    assert stored[-1].message.log_time - stored[0].message.log_time < 2e9


def test_the_next_episode_ends_the_bag_of_the_one_before(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path)
    bench.run(1.0)
    bench.give(None, Decided("one", 0))
    bench.run(2.0)
    bench.give(None, Decided("two", 0))
    bench.run(3.0)
    assert bench.keeper.status.open_names == (bench.bags()[1].name,)
    assert not BagReader(bench.bags()[0]).truncated


def result(at_s: float) -> Sample:
    return sample(RESULTS, EpisodeResult(judge="operator"), at_s)


def test_a_judgement_that_comes_late_is_in_the_bag_and_nothing_else_after_the_tail(
    tmp_path: Path,
) -> None:
    bench = KeeperBench(tmp_path, tail_s=1.0, judge_s=30.0)
    bench.run(1.0)
    bench.give(None, Decided("one", 0))
    bench.run(3.0)
    bench.give(None, Ended("one", ""))
    bench.run(20.0)
    assert bench.keeper.status.closed == 0
    bench.give(result(20.0), Judged())
    bench.run(21.0)
    assert bench.keeper.status.closed == 1
    (bag,) = bench.bags()
    assert times(bag)[-1] == pytest.approx(4.0, abs=0.11)
    assert [m.judge for _, m in BagReader(bag).messages(["episode_result"])] == ["operator"]


def test_a_judgement_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path, tail_s=1.0, judge_s=5.0)
    bench.run(1.0)
    bench.give(None, Decided("one", 0))
    bench.give(None, Ended("one", ""))
    bench.run(5.0)
    assert bench.keeper.status.closed == 0
    bench.run(8.0)
    assert bench.keeper.status.closed == 1


def test_a_judgement_of_one_episode_does_not_end_the_next(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path, tail_s=1.0, judge_s=30.0)
    bench.run(1.0)
    bench.give(None, Decided("one", 0))
    bench.give(None, Ended("one", ""))
    bench.run(2.0)
    bench.give(None, Decided("two", 0))
    bench.give(result(2.0), Judged())
    bench.run(6.0)
    assert bench.keeper.status.open_names == (bench.bags()[-1].name,)


def test_an_episode_whose_policy_died_is_closed_after_a_while(tmp_path: Path) -> None:
    bench = KeeperBench(tmp_path, idle_s=5.0)
    bench.run(1.0)
    bench.give(None, Decided("one", 0))
    bench.run(5.0)
    assert bench.keeper.status.closed == 0
    bench.run(8.0)
    assert bench.keeper.status.closed == 1
