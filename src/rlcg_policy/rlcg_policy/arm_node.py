# SPDX-License-Identifier: Apache-2.0
"""arm_node: the gate, in a process of its own, last before the robot driver.

Checks each `grasp_command`, turns it into what the drivers of arm and gripper take, and stops the
arm when anything is wrong. The checks: `rlcg_core.gate`; the ways out: `rlcg_ros.outputs`; the
parameters: `rlcg_policy.arm_parameters`; robots: `rlcg_policy.profile`.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile
from rlcg_msgs.msg import GraspCommand
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool

from rlcg_core.base_watch import Odometry
from rlcg_core.errors import InputError
from rlcg_core.gate import Gate
from rlcg_core.gate_checks import GateCommand, GateError
from rlcg_core.identity import check_description
from rlcg_core.motion import Motion, MotionPlanner
from rlcg_core.verdict import Verdict
from rlcg_policy import profile
from rlcg_policy.arm_parameters import DEFAULT_PROFILE, ArmParameters
from rlcg_policy.kinematics import PinocchioKinematics
from rlcg_ros import qos
from rlcg_ros.clocks import now, wall_timer
from rlcg_ros.conversions import command_from_msg, joints_from_msg
from rlcg_ros.gate_panel import GatePanel
from rlcg_ros.gate_services import GateServices
from rlcg_ros.lifecycle import ManagedNode
from rlcg_ros.links import Links
from rlcg_ros.outputs import RobotOutput, arm_output, gripper_output
from rlcg_ros.parameters import declare, given, watch
from rlcg_ros.run import run
from rlcg_ros.shares import find_share, find_urdf

# A fifth of the shortest deadman that fits commands at 10 Hz; a look costs some 50 us.
POLL_S = 0.02
ACK_S = 0.3


class ArmNode(ManagedNode):
    """The gate as a lifecycle node; inactive, it publishes nothing to the robot."""

    def __init__(self) -> None:
        super().__init__("arm_node")
        name = str(given(self).get("profile", DEFAULT_PROFILE))
        self._profile = profile.load(profile.find(name, find_share()))
        self._settings = declare(self, ArmParameters, self._profile.parameters)
        self.autostart = self._settings.autostart
        self._pending: GateCommand | None = None
        self._awaits_robot = False
        self._first_contact: Motion | None = None
        watch(self, self._settings, self._on_settings)

    def setup(self) -> None:
        """Read the robot description, build the gate, listen."""
        settings = self._settings
        limits = settings.limits(simulated=bool(self.get_parameter("use_sim_time").value))
        urdf = find_urdf(settings.urdf)
        kinematics = PinocchioKinematics(urdf, settings.arm)
        check_description(limits, kinematics.joint_ranges, urdf.name)
        planner = MotionPlanner(limits, settings.gripper, kinematics)
        self._gate = Gate(limits, planner, settings.gripper_joint)
        period_s, joint = 1.0 / settings.stream_rate_hz, settings.gripper_joint
        jaw = gripper_output(self, settings.gripper_mode, joint, settings.gripper_max_effort_n)
        arm = arm_output(self, settings.command_mode, period_s, limits, kinematics)
        self._robot = RobotOutput(self, self._gate, arm, jaw)
        links = Links(self)
        self._panel = GatePanel(self, self._gate, links, self._facts())
        self._listen(links)
        self._timer = wall_timer(self, POLL_S, self._on_poll)

    def _facts(self) -> dict[str, str]:
        watchdog = self._profile.downstream_watchdog
        return {
            "profile": self._profile.name,
            "command mode": self._settings.command_mode,
            "gripper mode": self._settings.gripper_mode,
            "if the gate dies": f"{watchdog.what} ({watchdog.timeout_s:g} s)",
        }

    def _listen(self, links: Links) -> None:
        inputs: tuple[tuple[type, str, Callable[[Any], None], QoSProfile], ...] = (
            (JointState, "joint_states", self._on_joints, qos.JOINT_STATES_READ),
            (GraspCommand, "grasp_command", self._on_command, qos.COMMAND),
            (Bool, "estop", self._on_estop, qos.COMMAND),
        )
        self._listening = [
            self.create_subscription(*one, event_callbacks=links.events(one[1])) for one in inputs
        ]
        if self._settings.mobile_base:
            from rlcg_ros.odometry_input import listen_to_odometry  # others need no nav_msgs

            self._listening.append(listen_to_odometry(self, links, self._on_odometry))
        home_rad = np.array(self._settings.home_rad)
        self._services_open = GateServices(self, self._gate, home_rad, self._carry_out)

    def begin(self) -> None:
        """Configure; the activation follows once the robot is identified."""
        if not self.autostart:
            return
        self.trigger_configure()
        if self.failure is not None:
            raise self.failure
        self._awaits_robot = True

    def start(self) -> None:
        """Open the gate, if the robot is the one that is expected."""
        self._robot.check_ready()
        self._pending, self._first_contact = None, self._gate.activate(now(self)).motion
        self._panel.show()

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Activate, then hold the arm where it was measured."""
        result = super().on_activate(state)
        if self.active and self._first_contact is not None:
            self._robot.move_arm(self._first_contact)
        return result

    def stop(self) -> None:
        """Close the gate; the hold is the last message to the robot."""
        self._carry_out(self._gate.deactivate(now(self)))
        self._robot.flush(ACK_S)

    def teardown(self) -> None:
        """Stop listening."""
        self._awaits_robot = False
        self.destroy_timer(self._timer)
        for subscription in self._listening:
            self.destroy_subscription(subscription)
        self._services_open.close()
        self._panel.close()
        self._robot.close()

    def _on_settings(self, settings: ArmParameters) -> None:
        if hasattr(self, "_gate"):
            self._gate.speed.set_scale(settings.speed_scale)
        self._settings = settings

    def _on_joints(self, msg: JointState) -> None:
        try:
            self._gate.observe(joints_from_msg(msg), now(self))
        except InputError as error:
            self.get_logger().error(str(error), throttle_duration_sec=1.0)
        self._judge()

    def _on_odometry(self, odometry: Odometry) -> None:
        self._gate.senses.base.note(odometry, now(self))
        self._judge()

    def _on_estop(self, msg: Bool) -> None:
        self._follow(self._gate.observe_estop(msg.data, now(self)))

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
        self._panel.count(verdict)
        self._carry_out(verdict)

    def _on_poll(self) -> None:
        self._seek_robot()
        self._judge()
        self._follow(self._gate.poll(now(self)))

    def _seek_robot(self) -> None:
        """Activate by itself, once, as soon as the robot is there and is the right one."""
        if not self._awaits_robot:
            return
        try:
            self._robot.check_ready()
            self._gate.senses.check_robot(now(self))
        except GateError as violation:
            self._gate.await_robot(violation)
            return
        self._awaits_robot = False
        self.trigger_activate()

    def _follow(self, verdict: Verdict) -> None:
        if verdict.motion is not None or self._panel.outdated:
            self._carry_out(verdict)

    def _carry_out(self, verdict: Verdict) -> None:
        self._robot.carry_out(verdict)
        self._panel.show()


def main() -> None:
    """Run the node."""
    sys.exit(run(ArmNode))


if __name__ == "__main__":
    main()
