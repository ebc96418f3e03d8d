# SPDX-License-Identifier: Apache-2.0
"""A cell without physics as real processes: sim_node, arm_node and, if wanted, policy_node."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Time
from processes import NodeProcess, parameters
from rlcg_msgs.action import Grasp
from rlcg_msgs.msg import GateStatus, GraspCommand
from rlcg_msgs.srv import ResetWorld
from ros_bench import RosBench
from std_srvs.srv import Trigger

from rlcg_core.reasons import GateState, TerminationReason
from rlcg_ros import qos
from rlcg_ros.conversions import command_from_msg
from rlcg_ros.goals import GoalClient

SILENCE_S = 1.0
# Images late by this much give a test the time to act in the middle of an episode.
SLOW_S = 0.2
SIM = parameters(backend="mock", announce_period_s=0.1, image_rate_hz=10.0)
# A test stops the policy on purpose; the gate's own deadman has tests of its own.
ARM = parameters(autostart=True, use_sim_time=True, deadman_s=60.0)
POLICY = {
    "autostart": True,
    "use_sim_time": True,
    "lockstep": True,
    "max_silence_s": SILENCE_S,
    "wait_for_sensors_s": 3.0,
    "max_image_age_s": 2.0,
    "max_state_age_s": 2.0,
}


class MockCell(RosBench):
    """sim_node and arm_node as processes, and a bench that sends goals and records commands."""

    def __init__(
        self, folder: Path, lockstep: bool = True, gate: bool = True, domain: int | None = None
    ) -> None:
        super().__init__(domain)
        self._stack = ExitStack()
        self.folder, self.domain = folder, domain
        self.sim = self.start("rlcg_sim.sim_node", "sim.log", *SIM, *parameters(lockstep=lockstep))
        if gate:
            self.start("rlcg_policy.arm_node", "arm.log", *ARM)
        self.listen(GraspCommand, "grasp_command", qos.COMMAND)
        self.listen(GateStatus, "gate_status", qos.STATUS)
        self.action = GoalClient(self.node, Grasp, "policy_node/grasp")
        self.feedback: list[Grasp.Feedback] = []
        self._scene_begins = Time()

    def start(self, module: str, log: str, *arguments: str) -> NodeProcess:
        """Start a node that ends with this bench."""
        process = NodeProcess(module, self.folder / log, *arguments, domain=self.domain)
        return self._stack.enter_context(process)

    def start_policy(self, model: Path, log: str = "policy.log", **changed: object) -> NodeProcess:
        """Start policy_node and wait until it takes goals."""
        arguments = parameters(**{**POLICY, "model": model, **changed})
        process = self.start("rlcg_policy.policy_node", log, *arguments)
        self.until(self.action.server_is_ready, f"policy_node: {process.output}", 20.0)
        return process

    @property
    def commands(self) -> list[GraspCommand]:
        return self.received["grasp_command"]

    def ready(self, seed: int = 1) -> None:
        """Bring the cell back to a start: no faults, gate open, world reset, nothing recorded."""
        self.fault()
        self.until(lambda: self.count("gate_status") > 0, "gate_status")
        if self.received["gate_status"][-1].state == GateState.STOPPED:

            def released() -> bool:
                return bool(self.call(Trigger, "arm_node/reset_stop", Trigger.Request()).success)

            self.until(released, "open gate")
        answer = self.call(ResetWorld, "sim_node/reset", ResetWorld.Request(seed=seed))
        assert answer.reason == 0, answer.text
        self._scene_begins = answer.stamp

        def is_ready() -> bool:
            return bool(self.received["gate_status"][-1].state == GateState.READY)

        self.until(is_ready, "ready gate")
        self.commands.clear()
        self.feedback.clear()

    def fault(self, **faults: Any) -> None:
        """Set these faults of the simulator and end all others."""
        none = {
            "image_encoding": "",
            "image_freeze": False,
            "image_shrink": 1,
            "image_drop": 0.0,
            "image_duplicate": 0.0,
            "image_delay_s": 0.0,
            "joints_silent": False,
        }
        wanted = {f"fault_{name}": value for name, value in {**none, **faults}.items()}
        self.set_parameters("sim_node", **wanted)

    def send(self, **goal: Any) -> Any:
        """Send a goal and return its handle; accepted or not.

        A frame of the scene before the last `ready` may still be on its way; it does not count.
        """
        self.until(self.action.server_is_ready, "policy_node")
        wish = Grasp.Goal(**{"not_before": self._scene_begins, **goal})
        future = self.action.send(wish, lambda msg: self.feedback.append(msg.feedback))
        self.until(future.done, "answer to a goal")
        return future.result()

    def result(self, handle: Any, timeout_s: float = 20.0) -> tuple[int, Grasp.Result]:
        """Return the goal's status and result."""
        future = self.action.result(handle)
        self.until(future.done, "result", timeout_s)
        return future.result().status, future.result().result

    def grasp(self, **goal: Any) -> tuple[TerminationReason, Grasp.Result]:
        """Run one episode to its end; checks that status and reason agree."""
        handle = self.send(**goal)
        assert handle.accepted
        status, result = self.result(handle)
        reason = TerminationReason(result.termination_reason)
        itself = (
            TerminationReason.POLICY_TERMINATED,
            TerminationReason.STEP_LIMIT,
            TerminationReason.LOW_CONFIDENCE,
        )
        good = GoalStatus.STATUS_SUCCEEDED if reason in itself else GoalStatus.STATUS_ABORTED
        assert status == good
        return reason, result

    def __exit__(self, *exception: object) -> None:
        self._stack.close()
        super().__exit__(*exception)


def is_stop(command: GraspCommand) -> bool:
    """Whether a command moves nothing and ends the episode."""
    moves = command_from_msg(command, 0.0).action
    return bool(np.array_equal(moves, [0, 0, 0, 0, 1, 0, 0, 1]))
