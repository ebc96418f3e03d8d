# SPDX-License-Identifier: Apache-2.0
"""What an evaluation and a recorder tell each other of an episode, on ``episode_result``."""

from pathlib import Path

from rclpy.node import Node
from rlcg_msgs.msg import EpisodeResult

from rlcg_core.outcome_sources import Judgement
from rlcg_ros import qos
from rlcg_ros.calls import Caller
from rlcg_ros.conversions import stamp_from_s

ID_S = 2.0


class EpisodeNotes:
    """Tells the recorder of judgements, and finds the bag of the episode that ended last."""

    def __init__(self, node: Node, prefix: str = "", bags: Path | None = None) -> None:
        """``prefix``: the robot's namespace with a slash. ``bags``: where bags lie, None: nowhere.

        A bag's folder ends in the id of its episode.
        """
        self._bags, self._episode_id = bags, ""
        topic = f"{prefix}episode_result"
        self._out = node.create_publisher(EpisodeResult, topic, qos.RECORDED)
        if bags is not None:
            node.create_subscription(EpisodeResult, topic, self._take, qos.RECORDED)

    def begin(self) -> None:
        """Forget the episode before."""
        self._episode_id = ""

    def recording(self, caller: Caller) -> str:
        """Return the path of the bag of the episode that just ended, empty if there is none.

        Raises `WorldError` when bags are expected and the episode is never told of.
        """
        if self._bags is None:
            return ""
        remedy = "start policy_node and record_node of this version"
        caller.wait_until(lambda: bool(self._episode_id), ID_S, "episode_result", remedy)
        found = sorted(self._bags.glob(f"*_{self._episode_id}"))
        return str(found[-1]) if found else ""

    def judged(self, said: Judgement, stamp_s: float) -> None:
        """Tell what the judging source said; ``stamp_s``: of the robot's newest frame."""
        msg = EpisodeResult(outcome=int(said.outcome), judge=said.source.value, text=said.text)
        msg.header.stamp = stamp_from_s(stamp_s)
        self._out.publish(msg)

    def _take(self, msg: EpisodeResult) -> None:
        self._episode_id = msg.episode_id or self._episode_id
