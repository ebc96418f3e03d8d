# SPDX-License-Identifier: Apache-2.0
"""link_node: stands where the network stands, and fails as it does when a test asks for it.

Robot, gate and policy talk through it. From inside a node, a network that is cut looks the same:
the other side is still matched, and nothing comes any more. Parameter ``fault``: one of `FAULTS`.
"""

import math
import sys
from collections.abc import Callable
from typing import Any

from nav_msgs.msg import Odometry
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rlcg_msgs.msg import GateStatus, GraspCommand
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from rlcg_ros import qos
from rlcg_ros.run import run

FAULTS = (
    *("", "joints_silent", "joints_nan", "joints_renamed", "policy_cut", "gate_cut"),
    *("odom_silent", "odom_nan", "base_moves"),
)
# Of a base that is pushed [m/s].
PUSHED_M_S = 0.05
POLICY_LINK = ("grasp_command", "gate/gate_status")
GATE_LINK = (*POLICY_LINK, "gate/joint_trajectory", "gate/gripper_command")


class LinkNode(Node):
    """Passes messages on unchanged while there is no fault."""

    def __init__(self) -> None:
        super().__init__("link_node")
        self.declare_parameter("fault", "")
        self._to_gate = self._publisher(JointState, "gate/joint_states", qos.JOINT_STATES_PUBLISHED)
        self._to_policy = self._publisher(JointState, "joint_states", qos.JOINT_STATES_PUBLISHED)
        self.create_subscription(
            JointState, "robot/joint_states", self._on_joints, qos.JOINT_STATES_READ
        )
        self._odometry_out = self._publisher(Odometry, "gate/odom", qos.JOINT_STATES_PUBLISHED)
        self.create_subscription(Odometry, "robot/odom", self._on_odometry, qos.JOINT_STATES_READ)
        self._relay(GraspCommand, "grasp_command", "gate/grasp_command", qos.COMMAND)
        self._relay(GateStatus, "gate/gate_status", "gate_status", qos.STATUS)
        self._relay(JointTrajectory, "gate/joint_trajectory", "robot/joint_trajectory", qos.COMMAND)
        self._relay(JointTrajectory, "gate/gripper_command", "robot/gripper_command", qos.COMMAND)

    @property
    def _fault(self) -> str:
        return str(self.get_parameter("fault").value)

    def _publisher(self, kind: type, topic: str, profile: QoSProfile) -> Any:
        return self.create_publisher(kind, topic, profile)

    def _relay(self, kind: type, source: str, target: str, profile: QoSProfile) -> None:
        publisher = self._publisher(kind, target, profile)
        self.create_subscription(kind, source, self._passing(source, publisher.publish), profile)

    def _passing(self, source: str, publish: Callable[[Any], None]) -> Callable[[Any], None]:
        def pass_on(message: Any) -> None:
            cut = {"policy_cut": POLICY_LINK, "gate_cut": GATE_LINK}.get(self._fault, ())
            if source not in cut:
                publish(message)

        return pass_on

    def _on_joints(self, message: JointState) -> None:
        fault = self._fault
        if fault == "joints_silent":
            return
        if fault == "joints_nan":
            message.position = [math.nan] * len(message.position)
        elif fault == "joints_renamed":
            message.name = [f"other_{name}" for name in message.name]
        self._to_policy.publish(message)
        if fault != "gate_cut":
            self._to_gate.publish(message)

    def _on_odometry(self, message: Odometry) -> None:
        fault = self._fault
        if fault == "base_moves":
            message.twist.twist.linear.x = PUSHED_M_S
        elif fault == "odom_nan":
            message.pose.pose.position.x = math.nan
        if fault not in ("odom_silent", "gate_cut"):
            self._odometry_out.publish(message)


if __name__ == "__main__":
    sys.exit(run(LinkNode))
