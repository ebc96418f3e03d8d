# SPDX-License-Identifier: Apache-2.0
"""Evaluation and recorder tell each other of an episode: its bag, and what was said of it."""

from pathlib import Path

import pytest
from rlcg_msgs.msg import Decision, EpisodeResult
from ros_bench import RosBench

from rlcg_core.errors import WorldError
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import Outcome
from rlcg_ros import episode_notes, qos
from rlcg_ros.calls import Caller
from rlcg_ros.episode_notes import EpisodeNotes


def test_the_bag_of_the_episode_that_ended_is_found_and_the_judgement_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("episode_1_aaaa", "episode_2_bbbb"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(episode_notes, "ID_S", 1.0)
    with RosBench() as bench:
        bench.listen(EpisodeResult, "robot_1/episode_result", qos.RECORDED)
        policy = bench.node.create_publisher(EpisodeResult, "robot_1/episode_result", qos.RECORDED)
        notes = EpisodeNotes(bench.node, "robot_1/", tmp_path)
        caller = Caller(bench.node, lambda text: None)
        bench.until(lambda: policy.get_subscription_count() == 2, "both listeners")
        with pytest.raises(WorldError, match="no episode_result"):
            notes.recording(caller)
        policy.publish(EpisodeResult(episode_id="bbbb"))
        assert notes.recording(caller) == str(tmp_path / "episode_2_bbbb")
        notes.judged(Judgement(Source.OPERATOR, Outcome.SUCCESS, "y"), 12.5)
        bench.until(lambda: bench.count("robot_1/episode_result") == 2, "judgement")
        told = bench.received["robot_1/episode_result"][-1]
        assert (told.outcome, told.judge, told.episode_id) == (Outcome.SUCCESS, "operator", "")
        assert (told.header.stamp.sec, told.header.stamp.nanosec) == (12, 500_000_000)
        assert notes.recording(caller) == str(tmp_path / "episode_2_bbbb")
        assert EpisodeNotes(bench.node, "robot_2/").recording(caller) == ""


def test_a_recorder_is_waited_for_and_a_bag_that_is_missing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(episode_notes, "BAG_S", 0.5)
    said: list[str] = []
    with RosBench() as bench:
        policy = bench.node.create_publisher(EpisodeResult, "episode_result", qos.RECORDED)
        notes = EpisodeNotes(bench.node, "", tmp_path, said.append)
        caller = Caller(bench.node, lambda text: None)
        with pytest.raises(WorldError, match="start record_node, or leave bag_directory empty"):
            notes.wait(caller, 0.3)
        bench.listen(Decision, "policy_node/decision", qos.RECORDED)
        notes.wait(caller, 10.0)
        bench.until(lambda: policy.get_subscription_count() == 1, "listener")
        policy.publish(EpisodeResult(episode_id="cccc"))
        assert notes.recording(caller) == ""
        assert len(said) == 1
        assert said[0].startswith(f"no bag of episode cccc in {tmp_path}")
        (tmp_path / "episode_3_robot-1_cccc").mkdir()
        assert notes.recording(caller) == str(tmp_path / "episode_3_robot-1_cccc")
        EpisodeNotes(bench.node, "robot_2/").wait(caller, 0.0)
