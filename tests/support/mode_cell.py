# SPDX-License-Identifier: Apache-2.0
"""A gate before a mocked robot in real time, in any command mode, and a bench that plays policy."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped, TwistStamped
from processes import NodeProcess, parameters
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rlcg_msgs.msg import GateStatus, GraspCommand
from ros_bench import RosBench
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import GateState
from rlcg_core.types import Action, Decision, ToolPose
from rlcg_policy.kinematics import PinocchioKinematics
from rlcg_ros import qos
from rlcg_ros.conversions import decision_to_msg, joints_from_msg, stamp_to_s

ROOT = Path(__file__).resolve().parents[2]
# Command mode -> type and topic of what goes to the arm.
OUT = {
    "joint_trajectory": (JointTrajectory, "joint_trajectory"),
    "joint_positions": (Float64MultiArray, "joint_positions"),
    "twist": (TwistStamped, "target_twist"),
    "pose": (PoseStamped, "target_pose"),
}


class ModeCell(RosBench):
    """sim_node (mock, real time) and arm_node as processes; the bench sends commands."""

    def __init__(self, folder: Path, mode: str, **gate: object) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.kinematics = PinocchioKinematics(ROOT / "config/urdf" / ROBOT1.urdf, ROBOT1.arm)
        self.mode, (kind, self.topic) = mode, OUT[mode]
        self.episode = self.step = 0
        shared = {
            "command_mode": mode,
            "gripper_mode": gate.get("gripper_mode", "joint_trajectory"),
        }
        sim = parameters(backend="mock", image_rate_hz=1.0, state_rate_hz=100.0, **shared)
        arm = parameters(use_sim_time=True, **{"deadman_s": 60.0, **shared, **gate})
        self.listen(kind, self.topic, qos.COMMAND)
        self.listen(JointState, "joint_states", qos.JOINT_STATES_READ)
        self.listen(GateStatus, "gate_status", qos.STATUS)
        self._commands = self.node.create_publisher(GraspCommand, "grasp_command", qos.COMMAND)
        self.sim = self._start("rlcg_sim.sim_node", folder / "sim.log", *sim)
        self.gate = self._start("rlcg_policy.arm_node", folder / "arm.log", *arm)

    def __enter__(self) -> "ModeCell":
        try:
            self.until(self._ready, self.story("ready gate"))
        except AssertionError:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self, module: str, log: Path, *arguments: str) -> NodeProcess:
        return self._stack.enter_context(NodeProcess(module, log, *arguments))

    def _ready(self) -> bool:
        statuses = self.received["gate_status"]
        heard = self._commands.get_subscription_count() > 0
        seen = bool(statuses) and bool(self.received["joint_states"])
        return heard and seen and statuses[-1].state == GateState.READY

    def begin(self) -> None:
        """Begin an episode: the gate open, the arm at rest at home, nothing recorded."""
        self.episode += 1
        self.call(Trigger, "arm_node/reset_stop", Trigger.Request())
        self.until(self._ready, self.story("ready gate"))
        self.send(Action(np.zeros(3), terminate=True))
        self.episode += 1
        home = np.array(ROBOT1.arm.home_rad)
        answer = self.call(Trigger, "arm_node/home", Trigger.Request())
        assert answer.success, self.story(answer.message)
        self.until(lambda: bool(np.allclose(self.joints(), home, atol=5e-3)), "way home")
        time.sleep(0.3)
        self.out.clear()
        self.received["joint_states"][:-1] = []

    def set_gate(self, **values: float) -> None:
        """Set parameters of the gate while it runs."""
        double = ParameterType.PARAMETER_DOUBLE
        wanted = [
            Parameter(name=name, value=ParameterValue(type=double, double_value=value))
            for name, value in values.items()
        ]
        request = SetParameters.Request(parameters=wanted)
        results = self.call(SetParameters, "arm_node/set_parameters", request).results
        assert all(result.successful for result in results), results

    @property
    def out(self) -> list[Any]:
        """What went to the arm."""
        return self.received[self.topic]

    def joints(self) -> np.ndarray:
        """The newest measured joints (7,)."""
        return joints_from_msg(self.received["joint_states"][-1]).pick(ROBOT1.arm.joint_names)

    def tool(self) -> ToolPose:
        return self.kinematics.tool_pose(self.joints())

    def command(self, action: Action) -> GraspCommand:
        """Return the next command of the running episode, decided on an image of now."""
        decision = Decision(action, 0.5, np.zeros(0), np.zeros(0))
        stamp_s = stamp_to_s(self.received["joint_states"][-1].header.stamp)
        self.step += 1
        episode = f"e{self.episode}"
        return decision_to_msg(decision, stamp_s, ROBOT1.arm.base_frame, episode, self.step)

    def send(self, action: Action) -> None:
        self._commands.publish(self.command(action))

    def story(self, what: str) -> "Story":
        """Return ``what`` and what has happened, told when it is asked for."""
        return Story(self, what)

    def state(self) -> GateStatus:
        return self.received["gate_status"][-1]

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        for process in (self.gate, self.sim):
            if process.running:
                process.end()
        self._stack.close()


class Story:
    """States of the gate, messages to the arm and logs of a cell, as text."""

    def __init__(self, cell: ModeCell, what: str) -> None:
        self._cell, self._what = cell, what

    def __str__(self) -> str:
        states = [(s.state, s.reason, s.text) for s in self._cell.received["gate_status"]]
        logs = f"{self._cell.sim.output}\n{self._cell.gate.output}"
        return f"{self._what}; gate {states}, {len(self._cell.out)} messages to the arm\n{logs}"
