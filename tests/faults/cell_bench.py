# SPDX-License-Identifier: Apache-2.0
"""Robot, link, gate, policy and recorder as processes over DDS, and a bench that hears them.

No /clock: as with a robot, every node keeps the time of the machine, and the simulator's stamps are
set to it. What the arm really does is read from the simulator, before any fault of the link.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from processes import NodeProcess, parameters
from rclpy.qos import QoSProfile
from recording import Recording
from rlcg_msgs.action import Grasp
from rlcg_msgs.msg import GateStatus, GraspCommand
from ros_bench import START_S, RosBench
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.reasons import GateState
from rlcg_core.robots import ROBOTS
from rlcg_ros import qos
from rlcg_ros.conversions import joints_from_msg
from rlcg_ros.goals import GoalClient

ROBOT_TOPICS = ("joint_states", "joint_trajectory", "gripper_command", "odom")
GATE_TOPICS = (*ROBOT_TOPICS, "grasp_command", "gate_status")
RECORDED = (
    "image_raw",
    "camera_info",
    "robot/joint_states",
    "grasp_command",
    "gate/joint_trajectory",
    "gate/gripper_command",
    "gate/gate_status",
    "policy_node/decision",
    "episode_result",
    "/diagnostics",
)


def remapped(folder: str, topics: tuple[str, ...]) -> list[str]:
    """Return ROS arguments that move topics into a namespace of their own."""
    return [word for topic in topics for word in ("-r", f"{topic}:={folder}/{topic}")]


class CellBench(RosBench):
    """Starts the processes and hears everything with its time.

    ``heard`` maps a topic to (monotonic time, message), oldest first; ``started_s``: when processes
    were started.
    """

    answer_s = START_S

    def __init__(
        self,
        folder: Path,
        model: Path,
        rate_hz: float,
        words: Sequence[str] = (),
        simulated: bool = False,
        robot: str = "robot1",
    ) -> None:
        """``words``: more ROS arguments of gate and policy.

        ``simulated``: all nodes keep the simulator's time by /clock instead of the machine's.
        """
        super().__init__()
        self._stack = ExitStack()
        self.robot_name, self.robot = robot, ROBOTS[robot]
        self.folder, self.model, self.rate_hz = folder, model, rate_hz
        self._simulated = simulated
        self._words = [*words, *parameters(use_sim_time=simulated)]
        self.heard: dict[str, list[tuple[float, Any]]] = {}
        self.recording: Recording | None = None
        self.started_s: list[float] = []
        self.action = GoalClient(self.node, Grasp, "policy_node/grasp")
        self.rogue = self.node.create_publisher(GraspCommand, "gate/grasp_command", qos.COMMAND)
        self._hear_all()
        self._start_all()

    def _hear_all(self) -> None:
        self.hear(JointState, "robot/joint_states", qos.JOINT_STATES_READ)
        self.hear(JointTrajectory, "gate/joint_trajectory", qos.RECORDED)
        self.hear(GateStatus, "gate/gate_status", qos.STATUS)
        self.hear(GraspCommand, "grasp_command", qos.RECORDED)
        self.hear(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)

    def _start_all(self) -> None:
        image_hz = max(10.0, self.rate_hz)
        self._jump_s = 0.0 if self._simulated else time.time()
        sim = parameters(
            robot=self.robot_name,
            backend="mock",
            state_rate_hz=100.0,
            image_rate_hz=image_hz,
            fault_clock_jump_s=self._jump_s,
        )
        words = [*sim, *remapped("robot", ROBOT_TOPICS)]
        self.sim = self._start("rlcg_sim.sim_node", *words)
        self.link = self._start("link_node")
        self.start_gate()
        self.start_policy()

    def start_gate(self) -> None:
        profile = parameters(profile=self.robot.profile)
        words = [*profile, *remapped("gate", GATE_TOPICS), *self._words]
        self.gate = self._start("rlcg_policy.arm_node", *words)

    def start_policy(self) -> None:
        robot = {"robot": self.robot_name, "model": self.model}
        words = [*parameters(**robot, autostart=True), *self._words]
        self.policy = self._start("stunt_policy_node", *words)

    def start_recorder(self, bags: Path, **changed: object) -> NodeProcess:
        """Start a recorder and wait until it hears everything; it ends with the cell."""
        topics = "[" + ",".join(RECORDED) + "]"
        settings = {"bag_directory": bags, "min_free_mb": 1, "tail_s": 0.5, "judge_s": 0.0}
        words = parameters(**{**settings, "ring_s": 3.0, "topics": topics, **changed})
        return self._start("rlcg_record.record_node", *words)

    def _start(self, module: str, *words: str) -> NodeProcess:
        self.started_s.append(time.monotonic())
        log = self.folder / f"{len(self.started_s)}_{module.rsplit('.', 1)[-1]}.log"
        return self._stack.enter_context(NodeProcess(module, log, *words))

    def hear(self, kind: type, topic: str, profile: QoSProfile) -> None:
        """Keep the messages of a topic from now on, each with the time of its arrival."""
        self.heard[topic] = []

        def keep(message: Any) -> None:
            with self._news:
                self.heard[topic].append((time.monotonic(), message))
                self._news.notify_all()

        self.node.create_subscription(kind, topic, keep, profile)

    def since(self, topic: str, begun_s: float) -> list[tuple[float, Any]]:
        """Return what came on a topic since a time."""
        return [item for item in list(self.heard[topic]) if item[0] >= begun_s]

    @property
    def gate_state(self) -> GateState | None:
        statuses = self.heard["gate/gate_status"]
        return GateState(statuses[-1][1].state) if statuses else None

    def stopped_since(self, begun_s: float) -> tuple[float, GateStatus] | None:
        """Return when the gate first said since a time that it is stopped, and what it said."""
        for at_s, status in self.since("gate/gate_status", begun_s):
            if status.state == GateState.STOPPED:
                return at_s, status
        return None

    def joints(self) -> np.ndarray:
        """Return where the arm truly is (7,) [rad]."""
        names = self.robot.cell.arm.joint_names
        return joints_from_msg(self.heard["robot/joint_states"][-1][1]).pick(names)

    def story(self) -> str:
        """Return what the gate said last, and the end of every log."""
        said = [(GateState(m.state).name, m.text) for _, m in self.heard["gate/gate_status"][-3:]]
        logs = [path.read_text(errors="replace")[-800:] for path in self.folder.glob("*.log")]
        return f"gate {said}\n" + "\n".join(logs)

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._stack.close()


class Told:
    """Text that is made when it is asked for."""

    def __init__(self, tell: Callable[[], str]) -> None:
        self._tell = tell

    def __str__(self) -> str:
        return self._tell()
