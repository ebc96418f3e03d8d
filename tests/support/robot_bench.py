# SPDX-License-Identifier: Apache-2.0
"""A robot that stands still and a policy that sends commands, for tests of the gate's process."""

import time

import numpy as np
from rlcg_msgs.msg import GateStatus, GraspCommand
from ros_bench import RosBench
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import GateState
from rlcg_core.types import Action, Decision, JointSample
from rlcg_ros import qos
from rlcg_ros.conversions import decision_to_msg, joints_to_msg

NAMES = (*ROBOT1.arm.joint_names, ROBOT1.gripper.joint_name)
HOME = np.array(ROBOT1.arm.home_rad)
DOWN = Action(np.array([0.01, 0.0, -0.02]), 0.1)


class Robot(RosBench):
    """Plays a robot that stands at ``joints`` and a policy that sends commands."""

    def __init__(self, watch_jaw: bool = True) -> None:
        super().__init__()
        self.joints, self.names, self.publishing = HOME.copy(), NAMES, True
        self.episode = self.step = 0
        self._states = self.node.create_publisher(
            JointState, "joint_states", qos.JOINT_STATES_PUBLISHED
        )
        self._commands = self.node.create_publisher(GraspCommand, "grasp_command", qos.COMMAND)
        self.listen(JointTrajectory, "joint_trajectory", qos.COMMAND)
        if watch_jaw:
            self.listen(JointTrajectory, "gripper_command", qos.COMMAND)
        self.listen(GateStatus, "gate_status", qos.STATUS)
        self.node.create_timer(0.02, self.publish_joints)

    def publish_joints(self) -> None:
        if self.publishing:
            positions = np.append(self.joints, ROBOT1.gripper.opening_max_m)[: len(self.names)]
            sample = JointSample(self.names, positions, np.zeros_like(positions), time.time())
            self._states.publish(joints_to_msg(sample))

    def message(self, action: Action = DOWN, age_s: float = 0.05) -> GraspCommand:
        """Return the next command of the running episode."""
        decision = Decision(action, 0.5, np.zeros(0), np.zeros(0))
        stamp_s, episode = time.time() - age_s, f"e{self.episode}"
        self.step += 1
        return decision_to_msg(decision, stamp_s, ROBOT1.arm.base_frame, episode, self.step)

    def send(self, message: GraspCommand) -> None:
        self._commands.publish(message)

    def await_state(self, state: GateState) -> GateStatus:
        def arrived() -> bool:
            statuses = self.received["gate_status"]
            return bool(statuses) and statuses[-1].state == state

        self.until(arrived, f"gate state {state.name}")
        return self.received["gate_status"][-1]

    def ready(self) -> None:
        """Wait until the gate listens and accepts; an episode begins."""
        self.episode += 1
        self.until(lambda: self._commands.get_subscription_count() > 0, "gate")
        status = self.received["gate_status"]
        if status and status[-1].state == GateState.STOPPED:
            assert self.call(Trigger, "arm_node/reset_stop", Trigger.Request()).success
        self.await_state(GateState.READY)

    def sent_joints(self, message: JointTrajectory) -> np.ndarray:
        assert list(message.joint_names) == list(ROBOT1.arm.joint_names)
        assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 0)
        return np.array(message.points[-1].positions)
