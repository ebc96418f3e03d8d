# SPDX-License-Identifier: Apache-2.0
"""What an evaluation and a recorder tell each other of an episode, on ``episode_result``."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rclpy.node import Node
from rlcg_msgs.msg import EpisodeResult

from rlcg_core.errors import WorldError
from rlcg_core.outcome_sources import Judgement
from rlcg_ros import qos
from rlcg_ros.calls import Caller
from rlcg_ros.conversions import stamp_from_s

ID_S = 2.0
BAG_S = 2.0


class EpisodeNotes:
    """Tells the recorder of judgements, and finds the bag of the episode that ended last."""

    def __init__(
        self,
        node: Node,
        prefix: str = "",
        bags: Path | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """``prefix``: the robot's namespace with a slash. ``bags``: where bags lie, None: nowhere.

        A bag's folder ends in the id of its episode. ``say`` gets a line for each that is missing.
        """
        self._node, self._say = node, say
        self._bags = None if bags is None else bags.resolve()
        self._episode_id = ""
        self._decisions = f"{prefix}policy_node/decision"
        topic = f"{prefix}episode_result"
        self._out = node.create_publisher(EpisodeResult, topic, qos.RECORDED)
        if bags is not None:
            node.create_subscription(EpisodeResult, topic, self._take, qos.RECORDED)

    def wait(self, caller: Caller, limit_s: float) -> None:
        """Wait until a recorder listens where bags are expected; raises `WorldError`."""
        if self._bags is not None:
            remedy = "start record_node, or leave bag_directory empty"
            caller.wait_until(self._recorded, limit_s, "recorder of the decisions", remedy)

    def begin(self) -> None:
        """Forget the episode before."""
        self._episode_id = ""

    def recording(self, caller: Caller) -> str:
        """Return the path of the bag of the episode that just ended, empty if there is none.

        Raises `WorldError` when bags are expected and the episode is never told of. A bag that is
        missing is said: a recorder that died is no reason to end an evaluation.
        """
        bags = self._bags
        if bags is None:
            return ""
        remedy = "start policy_node of this version"
        caller.wait_until(lambda: bool(self._episode_id), ID_S, "episode_result", remedy)
        # The recorder may be a little behind; one that is gone is not waited for.
        with suppress(WorldError):
            caller.wait_until(
                lambda: bool(self._found(bags)) or not self._recorded(), BAG_S, "bag", ""
            )
        found = self._found(bags)
        if not found:
            self._say(
                f"no bag of episode {self._episode_id} in {bags}: does record_node run, is there "
                "room on the disk? Its diagnostics say so"
            )
        return str(found[-1]) if found else ""

    def judged(self, said: Judgement, stamp_s: float) -> None:
        """Tell what the judging source said; ``stamp_s``: of the robot's newest frame."""
        msg = EpisodeResult(outcome=int(said.outcome), judge=said.source.value, text=said.text)
        msg.header.stamp = stamp_from_s(stamp_s)
        self._out.publish(msg)

    def _recorded(self) -> bool:
        return bool(self._node.count_subscribers(self._decisions) > 0)

    def _found(self, bags: Path) -> list[Path]:
        return sorted(bags.glob(f"*_{self._episode_id}"))

    def _take(self, msg: EpisodeResult) -> None:
        self._episode_id = msg.episode_id or self._episode_id
