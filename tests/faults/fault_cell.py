# SPDX-License-Identifier: Apache-2.0
"""The cell that faults are made in: robot, link, gate, policy and recorder as processes over DDS.

No /clock: as with a robot, every node keeps the time of the machine, and the simulator's stamps are
set to it. What the arm really does is read from the simulator, before any fault of the link.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rclpy.action
from diagnostic_msgs.msg import DiagnosticArray
from processes import NodeProcess, parameters
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import QoSProfile
from recording import Recording
from rlcg_msgs.action import Grasp
from rlcg_msgs.msg import GateStatus, GraspCommand
from ros_bench import RosBench
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import GateState
from rlcg_ros import qos
from rlcg_ros.conversions import joints_from_msg, stamp_to_s

ROBOT_TOPICS = ("joint_states", "joint_trajectory", "gripper_command")
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
MOVING_RAD_S = 0.02
LEAD_IN_S, LEAD_IN_TRIES, QUIET_S = 0.6, 10, 1.5
# The simulator's stamps are near enough to the machine's time.
IN_TIME_S = 0.01
SAMPLES = 10
ANSWER_S = 1.0
# So long may processes take to start on a busy machine.
START_S = 40.0


def remapped(folder: str, topics: tuple[str, ...]) -> list[str]:
    """Return ROS arguments that move topics into a namespace of their own."""
    return [word for topic in topics for word in ("-r", f"{topic}:={folder}/{topic}")]


class FaultCell(RosBench):
    """Starts the processes, brings the arm into motion, and hears everything with its time.

    ``heard`` maps a topic to (monotonic time, message), oldest first.
    """

    def __init__(
        self,
        folder: Path,
        model: Path,
        rate_hz: float,
        words: Sequence[str] = (),
        simulated: bool = False,
    ) -> None:
        """``words``: more ROS arguments of gate and policy.

        ``simulated``: all nodes keep the simulator's time by /clock instead of the machine's.
        """
        super().__init__()
        self._stack = ExitStack()
        self.folder, self.model, self.rate_hz = folder, model, rate_hz
        self._simulated = simulated
        self._words = [*words, *parameters(use_sim_time=simulated)]
        self.heard: dict[str, list[tuple[float, Any]]] = {}
        self.false_stops = 0
        self.recording: Recording | None = None
        self._starts = 0
        self.action = rclpy.action.ActionClient(self.node, Grasp, "policy_node/grasp")
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
        words = [*remapped("gate", GATE_TOPICS), *self._words]
        self.gate = self._start("rlcg_policy.arm_node", *words)

    def start_policy(self) -> None:
        words = [*parameters(model=self.model, autostart=True), *self._words]
        self.policy = self._start("stunt_policy_node", *words)

    def start_recorder(self, bags: Path, **changed: object) -> NodeProcess:
        """Start a recorder and wait until it hears everything; it ends with the cell."""
        topics = "[" + ",".join(RECORDED) + "]"
        settings = {"bag_directory": bags, "min_free_mb": 1, "tail_s": 0.5, "judge_s": 0.0}
        words = parameters(**{**settings, "ring_s": 3.0, "topics": topics, **changed})
        return self._start("rlcg_record.record_node", *words)

    def _start(self, module: str, *words: str) -> NodeProcess:
        self._starts += 1
        log = self.folder / f"{self._starts}_{module.rsplit('.', 1)[-1]}.log"
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
        return joints_from_msg(self.heard["robot/joint_states"][-1][1]).pick(ROBOT1.arm.joint_names)

    def set_parameters(self, node: str, **values: Any) -> None:
        """Set parameters of a running node."""
        wanted = [_parameter(name, value) for name, value in values.items()]
        request = SetParameters.Request(parameters=wanted)
        results = self.call(SetParameters, f"{node}/set_parameters", request, START_S).results
        assert all(result.successful for result in results), results

    def fault_of_sim(self, **values: Any) -> None:
        self.set_parameters("sim_node", **{f"fault_{name}": v for name, v in values.items()})

    def keep_time(self) -> None:
        """Let the simulator stamp with the machine's time, as far as it is off."""
        enough = SAMPLES
        self.until(lambda: len(self.heard["robot/joint_states"]) > enough, "joints", START_S)
        if self._simulated:
            self.jump(-self._jump_s)
            return
        while abs(self._behind_s()) > IN_TIME_S:
            self.jump(self._behind_s())
            heard = len(self.heard["robot/joint_states"]) + 2 * SAMPLES
            self.until(lambda n=heard: len(self.heard["robot/joint_states"]) > n, "joint states")

    def jump(self, seconds: float) -> None:
        """Set the simulator's clock ahead or back."""
        self._jump_s += seconds
        self.fault_of_sim(clock_jump_s=self._jump_s)

    def _behind_s(self) -> float:
        """Return how far the simulator's stamps are behind; the least of the last ones is true."""
        wall_s = time.time() - time.monotonic()
        latest = self.heard["robot/joint_states"][-SAMPLES:]
        return min(at_s + wall_s - stamp_to_s(msg.header.stamp) for at_s, msg in latest)

    def begin_motion(self) -> float:
        """Bring the arm into motion and return when that began; every fault is ended before.

        A stop before any fault was made, as on a machine that is too busy, is counted and repeated.
        """
        for _ in range(LEAD_IN_TRIES):
            self.release()
            begun_s = time.monotonic()
            self._send_goal(begun_s)
            if self._moves(begun_s):
                return begun_s
            self.false_stops += 1
        raise AssertionError(f"the arm did not move: {self.story()}")

    def release(self) -> None:
        """End every fault, start what died, open the gate."""
        self.end_faults()

        def is_open() -> bool:
            if not self.gate.running:
                self.start_gate()
            if not self.policy.running:
                self.start_policy()
            if self.gate_state is GateState.STOPPED:
                self.keep_time()  # a simulator that stalled is behind
                self.call(Trigger, "arm_node/reset_stop", Trigger.Request())
            return self.gate_state is GateState.READY and self.action.server_is_ready()

        self.until(is_open, Told(self.story), START_S)

    def end_faults(self) -> None:
        """Let robot, camera, link and policy be as they should be."""
        self.fault_of_sim(image_drop=0.0, image_freeze=False, image_delay_s=0.0, image_shrink=1)
        self.set_parameters("link_node", fault="")
        self.keep_time()

    def _send_goal(self, begun_s: float) -> None:
        """Send goals until one is taken or commands come.

        The episode before may still be ending; a policy that was started just now may not be
        matched yet, and a goal that nobody hears is never answered.
        """
        wish = Grasp.Goal(max_steps=10_000, max_duration_s=600.0)
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s:
            future = self.action.send_goal_async(wish)
            self._pause(ANSWER_S, future.done)
            answered = future.done() and future.result().accepted
            if answered or self.since("grasp_command", begun_s):
                return
            time.sleep(0.1)
        raise AssertionError(f"no goal was taken: {self.story()}")

    def _pause(self, timeout_s: float, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, or a time is over."""
        with self._news:
            self._news.wait_for(condition, timeout_s)

    def _moves(self, begun_s: float) -> bool:
        """Wait until the arm moves as commanded; False if it is stopped, or commands cease."""
        wanted, asked_s = max(3, round(LEAD_IN_S * self.rate_hz)), time.monotonic()

        def moves() -> bool:
            speeds = self.heard["robot/joint_states"][-1][1].velocity
            sent = len(self.since("gate/joint_trajectory", begun_s))
            return sent >= wanted and max(map(abs, speeds)) > MOVING_RAD_S

        def ended() -> bool:
            commanded = self.since("grasp_command", begun_s)
            newest_s = commanded[-1][0] if commanded else asked_s
            return self.gate_state is GateState.STOPPED or time.monotonic() - newest_s > QUIET_S

        self.until(lambda: moves() or ended(), Told(self.story), START_S)
        return not ended()

    def story(self) -> str:
        """Return what the gate said last, and the end of every log."""
        said = [(GateState(m.state).name, m.text) for _, m in self.heard["gate/gate_status"][-3:]]
        logs = [path.read_text(errors="replace")[-800:] for path in self.folder.glob("*.log")]
        return f"gate {said}\n" + "\n".join(logs)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._stack.close()


class Told:
    """Text that is made when it is asked for."""

    def __init__(self, tell: Callable[[], str]) -> None:
        self._tell = tell

    def __str__(self) -> str:
        return self._tell()


def _parameter(name: str, value: Any) -> Parameter:
    kinds = {
        bool: (ParameterType.PARAMETER_BOOL, "bool_value"),
        int: (ParameterType.PARAMETER_INTEGER, "integer_value"),
        float: (ParameterType.PARAMETER_DOUBLE, "double_value"),
        str: (ParameterType.PARAMETER_STRING, "string_value"),
    }
    kind, field = kinds[type(value)]
    return Parameter(name=name, value=ParameterValue(type=kind, **{field: value}))
