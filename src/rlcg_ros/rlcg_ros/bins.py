# SPDX-License-Identifier: Apache-2.0
"""Who fills the bin and knows what became of it: a simulator, or the person at the robot."""

from dataclasses import dataclass
from typing import Protocol

from rclpy.node import Node
from rlcg_msgs.srv import GetOutcome, ResetWorld

from rlcg_core.errors import WorldError
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import Outcome, WorldReason
from rlcg_core.station import Scene, Wish
from rlcg_ros.calls import Caller
from rlcg_ros.conversions import stamp_to_s
from rlcg_ros.operator_desk import Answer, OperatorDesk

ANSWER_S = 10.0


@dataclass(frozen=True)
class Filled:
    """A scene, and since when pictures show it [ROS s]; -inf: whatever picture comes next."""

    scene: Scene
    since_s: float


class Bin(Protocol):
    """Makes scenes; each call raises `WorldError` if it cannot be done."""

    def wait(self, limit_s: float) -> None:
        """Wait until it can be used."""

    def fill(self, wish: Wish) -> Filled:
        """Make the scene."""

    def truth(self) -> Judgement:
        """Return what is known of the attempt that just ended."""


class SimulatedBin:
    """`sim_node` fills the bin and knows the truth."""

    def __init__(self, node: Node, caller: Caller, prefix: str, reset_s: float) -> None:
        """``prefix``: the robot's namespace with a slash, or empty."""
        self._caller, self._reset_s = caller, reset_s
        self._reset = node.create_client(ResetWorld, f"{prefix}sim_node/reset")
        self._outcome = node.create_client(GetOutcome, f"{prefix}sim_node/outcome")

    def wait(self, limit_s: float) -> None:
        """Wait for the simulator's services."""
        for client in (self._reset, self._outcome):
            self._caller.service(client, limit_s)

    def fill(self, wish: Wish) -> Filled:
        """Let the simulator make the scene."""
        filling = wish.filling
        request = ResetWorld.Request(
            seed=wish.seed,
            objects=wish.objects,
            count=filling.count,
            objects_seed=filling.objects_seed,
            without=list(filling.without),
            placement=filling.placement,
        )
        answer = self._caller.call(self._reset, request, self._reset_s)
        if answer.reason != WorldReason.OK:
            raise WorldError(f"the world cannot be reset: {answer.text}")
        scene = Scene(answer.renderer, tuple(answer.object_names))
        return Filled(scene, stamp_to_s(answer.stamp))

    def truth(self) -> Judgement:
        """Ask the simulator."""
        answer = self._caller.call(self._outcome, GetOutcome.Request(), ANSWER_S)
        return Judgement(
            Source.SIMULATOR,
            Outcome(answer.outcome),
            answer.text,
            tuple(answer.lifted),
            answer.target,
        )


class BinOfPeople:
    """Somebody fills the bin where it is needed, and says when it is done."""

    def __init__(self, caller: Caller, desk: OperatorDesk, robot: str) -> None:
        self._caller, self._desk, self._robot = caller, desk, robot

    def wait(self, limit_s: float) -> None:
        """Do nothing: people are asked when they are needed."""

    def fill(self, wish: Wish) -> Filled:
        """Ask for what has to be done, if anything."""
        if wish.task:
            place = f"{self._robot}: " if self._robot else ""
            self._desk.ask(self._caller, place + wish.task, (Answer.READY,))
        return Filled(Scene("camera", ()), float("-inf"))

    def truth(self) -> Judgement:
        """Return that nobody knows: there is no simulator."""
        return Judgement(Source.SIMULATOR, Outcome.UNKNOWN, "there is no simulator")
