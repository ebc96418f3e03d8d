# SPDX-License-Identifier: Apache-2.0
"""arm_node: the gate, in a process of its own, last before the robot driver.

Checks each `grasp_command`, turns it into one short `joint_trajectory` and one `gripper_command`,
and stops the arm when anything is wrong. The checks: `rlcg_core.gate`; the parameters:
`rlcg_policy.arm_parameters`.
"""

import sys
import time
from dataclasses import replace

import numpy as np
from rclpy.duration import Duration
from rlcg_msgs.msg import GateStatus, GraspCommand
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.errors import InputError
from rlcg_core.gate import Gate, Verdict
from rlcg_core.gate_checks import GateCommand
from rlcg_core.motion import Motion, MotionPlanner
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import ArmTrajectory
from rlcg_policy.arm_parameters import ArmParameters
from rlcg_policy.kinematics import PinocchioKinematics
from rlcg_ros import qos
from rlcg_ros.clocks import now, wall_timer
from rlcg_ros.conversions import command_from_msg, joints_from_msg, trajectory_to_msg
from rlcg_ros.diagnostics import Diagnostics, Health, Level
from rlcg_ros.lifecycle import ManagedNode
from rlcg_ros.parameters import declare
from rlcg_ros.run import run
from rlcg_ros.shares import find_urdf

POLL_S = 0.05
# So long after activation it is no news that joint states are still awaited.
GRACE_S = 5.0
ACK_S = 0.3
_LEVELS = {
    GateState.READY: Level.OK,
    GateState.HOLDING: Level.WARN,
    GateState.STOPPED: Level.ERROR,
    GateState.INACTIVE: Level.WARN,
}


class ArmNode(ManagedNode):
    """The gate as a lifecycle node; inactive, it publishes nothing to the robot."""

    def __init__(self) -> None:
        super().__init__("arm_node")
        self._settings = declare(self, ArmParameters)
        self.autostart = self._settings.autostart
        self._pending: GateCommand | None = None
        self._shown: tuple[GateState, GateReason] | None = None
        self._activated_s = float("-inf")
        self._accepted = self._refused = 0

    def setup(self) -> None:
        """Read the robot description, build the gate, listen."""
        settings = self._settings
        simulated = bool(self.get_parameter("use_sim_time").value)
        limits, gripper = replace(settings.limits, deadman_in_ros_time=simulated), settings.gripper
        kinematics = PinocchioKinematics(find_urdf(settings.urdf), settings.arm)
        planner = MotionPlanner(limits, gripper, kinematics)
        self._gate = Gate(limits, planner, gripper.joint_name)
        self._arm_out = self.create_lifecycle_publisher(
            JointTrajectory, "joint_trajectory", qos.COMMAND
        )
        self._jaw_out = self.create_lifecycle_publisher(
            JointTrajectory, "gripper_command", qos.COMMAND
        )
        self._status_out = self.create_publisher(GateStatus, "gate_status", qos.STATUS)
        self._listening = [
            self.create_subscription(
                JointState, "joint_states", self._on_joints, qos.JOINT_STATES_READ
            ),
            self.create_subscription(GraspCommand, "grasp_command", self._on_command, qos.COMMAND),
        ]
        self._services_open = [
            self.create_service(Trigger, "~/reset_stop", self._on_reset_stop),
            self.create_service(Trigger, "~/home", self._on_home),
            self.create_service(Trigger, "~/stop", self._on_stop),
        ]
        self._diagnostics = Diagnostics(self, self._settings.urdf, {"gate": self._health})
        self._poll_timer = wall_timer(self, POLL_S, self._on_poll)

    def start(self) -> None:
        """Open the gate."""
        self._pending = None
        self._activated_s = time.monotonic()
        self._gate.activate()
        self._show_status()

    def stop(self) -> None:
        """Close the gate; the hold is the last message to the robot."""
        self._carry_out(self._gate.deactivate(now(self)))
        for publisher in (self._jaw_out, self._arm_out):
            publisher.wait_for_all_acked(Duration(seconds=ACK_S))

    def teardown(self) -> None:
        """Stop listening."""
        self.destroy_timer(self._poll_timer)
        self._diagnostics.close()
        for subscription in self._listening:
            self.destroy_subscription(subscription)
        for service in self._services_open:
            self.destroy_service(service)
        for publisher in (self._arm_out, self._jaw_out, self._status_out):
            self.destroy_publisher(publisher)

    def _on_joints(self, msg: JointState) -> None:
        try:
            self._gate.observe(joints_from_msg(msg), now(self))
        except InputError as error:
            self.get_logger().error(str(error), throttle_duration_sec=1.0)
        self._judge()

    def _on_command(self, msg: GraspCommand) -> None:
        self._pending = command_from_msg(msg, time.monotonic())
        self._judge()

    def _judge(self) -> None:
        """Check the newest command once its image's joint states have had time to arrive."""
        command, present = self._pending, now(self)
        if command is None or self._gate.too_early(command, present):
            return
        self._pending = None
        verdict = self._gate.check(command, present)
        self._accepted += verdict.accepted
        self._refused += not verdict.accepted
        self._carry_out(verdict)

    def _on_poll(self) -> None:
        self._judge()
        verdict = self._gate.poll(now(self))
        if verdict.motion is not None or self._shown != (self._gate.state, self._gate.reason):
            self._carry_out(verdict)

    def _on_reset_stop(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        return self._answer(self._gate.reset_stop(now(self)), response)

    def _on_home(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        home_rad = np.array(self._settings.home_rad)
        return self._answer(self._gate.home(home_rad, now(self)), response)

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        verdict = self._gate.stop("stopped by ~/stop", now(self))
        self._answer(verdict, response)
        response.success = self._gate.state is GateState.STOPPED
        return response

    def _answer(self, verdict: Verdict, response: Trigger.Response) -> Trigger.Response:
        self._carry_out(verdict)
        response.success, response.message = verdict.accepted, verdict.text
        return response

    def _carry_out(self, verdict: Verdict) -> None:
        if verdict.motion is not None:
            self._send(verdict.motion)
        self._show_status()

    def _send(self, motion: Motion) -> None:
        jaw = ArmTrajectory(np.array([[motion.opening_m]]), np.array([motion.opening_duration_s]))
        self._jaw_out.publish(trajectory_to_msg(jaw, (self._settings.gripper_joint,)))
        self._arm_out.publish(trajectory_to_msg(motion.trajectory, self._settings.joint_names))

    def _show_status(self) -> None:
        gate = self._gate
        if gate.state is GateState.STOPPED and self._shown != (gate.state, gate.reason):
            self.get_logger().error(f"stopped: {gate.text}")
        self._shown = (gate.state, gate.reason)
        status = GateStatus(state=int(gate.state), reason=int(gate.reason), text=gate.text)
        status.header.stamp = self.get_clock().now().to_msg()
        self._status_out.publish(status)

    def _health(self) -> Health:
        gate = self._gate
        values = {
            "state": gate.state.name,
            "reason": gate.reason.name,
            "commands accepted": self._accepted,
            "commands refused": self._refused,
        }
        starting = time.monotonic() - self._activated_s < GRACE_S
        waiting = gate.reason is GateReason.NO_JOINT_STATE and gate.state is GateState.HOLDING
        level = Level.OK if waiting and starting else _LEVELS[gate.state]
        return Health(level, gate.text, values)


def main() -> None:
    """Run the node."""
    sys.exit(run(ArmNode))


if __name__ == "__main__":
    main()
