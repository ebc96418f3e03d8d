# SPDX-License-Identifier: Apache-2.0
"""`rlcg_core.station.Station` over the services and the action of the other nodes.

Calls block and belong into a thread beside the executor. Each raises `WorldError` when another
node does not do its part, and `CallStoppedError` when the caller is stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rclpy.node import Node
from rlcg_msgs.action import Grasp
from std_srvs.srv import Trigger

from rlcg_core.cell import ROBOT1, Cell
from rlcg_core.errors import WorldError
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import GateReason, GateState, TerminationReason
from rlcg_core.station import Attempt, Scene, Wish
from rlcg_ros.base_calls import BaseCalls
from rlcg_ros.bins import ANSWER_S, Bin
from rlcg_ros.calls import Caller
from rlcg_ros.cell_watch import CellWatch
from rlcg_ros.conversions import stamp_from_s
from rlcg_ros.episode_notes import EpisodeNotes
from rlcg_ros.goals import GoalClient
from rlcg_ros.judges import Judges
from rlcg_ros.model_info import ModelWatch


@dataclass(frozen=True)
class Waits:
    """Longest waits [wall s]: for the other nodes, for a reset, for the arm to be home.

    ``episode_s`` bounds an episode whose node does not end it by itself.
    """

    nodes_s: float = 30.0
    reset_s: float = 120.0
    home_s: float = 20.0
    episode_s: float = 900.0


class RosStation:
    """One robot with its arm_node and policy_node, whatever fills its bin, and its judges."""

    def __init__(
        self,
        node: Node,
        caller: Caller,
        waits: Waits,
        watch: CellWatch,
        filler: Bin,
        judges: Judges,
        notes: EpisodeNotes,
        prefix: str = "",
        cell: Cell = ROBOT1,
        base: BaseCalls | None = None,
    ) -> None:
        """``prefix``: the robot's namespace with a slash, or empty. ``base``: what drives it."""
        self._base = base
        self._caller, self._waits, self._arm = caller, waits, cell.arm
        self._watch, self._bin, self._judges, self._notes = watch, filler, judges, notes
        self.model = ModelWatch(node, f"{prefix}policy_node")
        self._home = node.create_client(Trigger, f"{prefix}arm_node/home")
        self._reset_stop = node.create_client(Trigger, f"{prefix}arm_node/reset_stop")
        self._cancel = node.create_client(Trigger, f"{prefix}policy_node/cancel")
        self._grasp = GoalClient(node, Grasp, f"{prefix}policy_node/grasp")
        self._digest = ""

    def wait_for_nodes(self) -> None:
        """Wait for all that is needed, before anything moves; one line for what is late."""
        limit_s = self._waits.nodes_s
        self._bin.wait(limit_s)
        if self._base is not None:
            self._base.wait(limit_s)
        for client in (self._home, self._reset_stop, self._cancel, self._grasp):
            self._caller.service(client, limit_s)
        self._caller.wait_until(
            lambda: bool(self.model.digest), limit_s, "policy_node/model_info", "start policy_node"
        )
        self._digest = self.model.digest
        self._caller.wait_until(
            lambda: np.isfinite(self._watch.image_stamp_s),
            limit_s,
            "image on image_raw",
            "start the camera or the simulator, or remap the topic",
        )
        self._notes.wait(self._caller, limit_s)
        self._end_left_over()

    def reset(self, wish: Wish) -> Scene:
        """Have the scene made, release a stopped gate, await a frame that shows the arm at home."""
        filled = self._bin.fill(wish)
        since_s = filled.since_s
        if self._base is not None:
            place = wish.filling.placement
            since_s = max(since_s, self._base.place(wish.seed, place, since_s))
        self._release_gate()
        self._see_home(since_s)
        return filled.scene

    def grasp(self, seed: int) -> Attempt:
        """Send one goal and wait for its result."""
        if self.model.digest != self._digest:
            raise WorldError(
                f"policy_node serves {self.model.name} {self.model.digest} now, the run began with "
                f"{self._digest}: one run measures one model; begin a new one"
            )
        self._watch.begin()
        self._notes.begin()
        not_before = stamp_from_s(max(0.0, self._watch.image_stamp_s))
        sent = self._grasp.send(Grasp.Goal(seed=seed, not_before=not_before))
        remedy = "look at the output of policy_node"
        goal = self._caller.finish(sent, ANSWER_S, "answer to a grasp goal", remedy)
        if not goal.accepted:
            raise WorldError("policy_node refused the goal: is it active, does another one run?")
        future = self._grasp.result(goal)
        result = self._caller.finish(
            future, self._waits.episode_s, "result of a grasp", remedy, self._grasp
        ).result
        return self._attempt(result)

    def judge(self, sources: Sequence[Source]) -> tuple[Judgement, ...]:
        """Ask each of them, those that move nothing first."""
        said = self._judges.ask(sources)
        self._notes.judged(said[0], self._watch.image_stamp_s)
        return said

    def _attempt(self, result: Grasp.Result) -> Attempt:
        stopped = self._watch.gate_state is GateState.STOPPED
        return Attempt(
            reason=TerminationReason(result.termination_reason),
            text=result.text,
            steps=result.steps,
            last_q=result.last_q,
            step_ms=tuple(result.step_ms),
            image_to_command_ms=tuple(result.image_to_command_ms),
            network_ran=tuple(result.network_ran),
            model=result.model,
            gate=self._watch.gate_reason if stopped else GateReason.OK,
            frames=self._watch.frames,
            recording=self._notes.recording(self._caller),
        )

    def _end_left_over(self) -> None:
        """End an episode that an evaluation begun before us and was killed over."""

        def idle() -> bool:
            return not self._caller.call(self._cancel, Trigger.Request(), ANSWER_S).success

        remedy = "look at the output of policy_node"
        self._caller.wait_until(idle, self._waits.home_s, "end of an earlier episode", remedy)

    def _release_gate(self) -> None:
        """Call ``reset_stop`` until the gate is open; it has a cool-down."""

        def ready() -> bool:
            if self._watch.gate_state is GateState.STOPPED:
                self._caller.call(self._reset_stop, Trigger.Request(), ANSWER_S)
            return self._watch.gate_state is GateState.READY

        remedy = f"look at gate_status, it said: {self._watch.gate_text or 'nothing'}"
        self._caller.wait_until(ready, self._waits.home_s, "open gate", remedy)

    def _see_home(self, scene_s: float) -> None:
        """Wait for a frame of the new scene; drive the arm home if it is not there already."""
        limit_s, watch = self._waits.home_s, self._watch
        remedy = "is there a camera on image_raw, a robot on joint_states?"
        self._caller.wait_until(
            lambda: min(watch.image_stamp_s, watch.joint_stamp_s) >= scene_s,
            limit_s,
            "image and joint states of the new scene",
            remedy,
        )
        if watch.is_home(self._arm):
            return
        left_s = watch.image_stamp_s
        self._drive_home()
        self._caller.wait_until(
            lambda: watch.image_stamp_s > left_s and watch.is_home(self._arm),
            limit_s,
            "image of the arm at home",
            "does the arm follow joint_trajectory?",
        )

    def _drive_home(self) -> None:
        def accepted() -> bool:
            return bool(self._caller.call(self._home, Trigger.Request(), ANSWER_S).success)

        remedy = "look at the output of arm_node"
        self._caller.wait_until(accepted, self._waits.home_s, "way home", remedy)
