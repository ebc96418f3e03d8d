# SPDX-License-Identifier: Apache-2.0
"""base_node: drives a mobile base to its place before an episode, and is the base's gate.

``~/place`` orders a drive, ``cmd_vel`` goes out, ``odom`` comes in; it refuses while an episode
runs, as arm_node refuses while the base moves. ``~/stop`` latches, ``~/reset_stop`` releases. The
checks: `rlcg_core.base_gate`; the parameters: `rlcg_policy.base_parameters`.
"""

import sys

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.duration import Duration
from rlcg_msgs.msg import GateStatus, GraspCommand
from rlcg_msgs.srv import PlaceBase
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from rlcg_core.base_gate import BaseGate
from rlcg_core.base_pose import draw_base_pose
from rlcg_core.base_watch import STILL, BaseTwist, Odometry
from rlcg_core.errors import WorldError
from rlcg_core.gate_checks import GateError
from rlcg_core.reasons import GateReason, GateState
from rlcg_policy.base_parameters import BaseParameters
from rlcg_ros import qos
from rlcg_ros.base_panel import BasePanel
from rlcg_ros.clocks import now, wall_timer
from rlcg_ros.conversions import stamp_from_s, stamp_to_s
from rlcg_ros.conversions.odometry import twist_stamped_to_msg, twist_to_msg
from rlcg_ros.lifecycle import ManagedNode
from rlcg_ros.links import Links
from rlcg_ros.odometry_input import listen_to_odometry
from rlcg_ros.parameters import declare
from rlcg_ros.run import run

ACK_S = 0.3


class BaseNode(ManagedNode):
    """The base's gate as a lifecycle node; inactive, it sends nothing and refuses all."""

    def __init__(self) -> None:
        super().__init__("base_node")
        self._settings = declare(self, BaseParameters)
        self.autostart, self._cell = self._settings.autostart, self._settings.cell
        self._commanded_s = self._not_before_s = float("-inf")

    def setup(self) -> None:
        """Build the gate, listen."""
        settings, links = self._settings, Links(self)
        simulated = bool(self.get_parameter("use_sim_time").value)
        self._gate = BaseGate(settings.limits(simulated))
        kind = TwistStamped if settings.stamped else Twist
        self._twist_out = self.create_publisher(kind, "cmd_vel", qos.COMMAND)
        self._panel = BasePanel(self, self._gate, links, self._cell.name)
        self._listening = [
            self.create_subscription(GraspCommand, "grasp_command", self._on_command, qos.COMMAND),
            self.create_subscription(GateStatus, "gate_status", self._on_arm, qos.STATUS),
            self.create_subscription(Bool, "estop", self._on_estop, qos.COMMAND),
            listen_to_odometry(self, links, self._on_odometry),
        ]
        self._services = [
            self.create_service(PlaceBase, "~/place", self._on_place),
            self.create_service(Trigger, "~/stop", self._on_stop),
            self.create_service(Trigger, "~/reset_stop", self._on_reset),
        ]
        self._timer = wall_timer(self, 1.0 / settings.rate_hz, self._on_timer)
        self._panel.show()

    def stop(self) -> None:
        """Send the stop, the last message to the base."""
        if self._gate.driving:
            self._gate.stop(GateReason.SHUTDOWN, "the node is shut down", now(self))
            self._drive()
        self._twist_out.wait_for_all_acked(Duration(seconds=ACK_S))

    def teardown(self) -> None:
        """Stop listening."""
        self.destroy_timer(self._timer)
        for subscription in self._listening:
            self.destroy_subscription(subscription)
        for service in self._services:
            self.destroy_service(service)
        self._panel.close()
        self.destroy_publisher(self._twist_out)

    def _on_odometry(self, odometry: Odometry) -> None:
        self._gate.note_odometry(odometry, now(self))
        news = odometry.stamp_s > self._commanded_s
        if self._settings.lockstep and news and self._gate.driving:
            self._drive()

    def _on_command(self, msg: GraspCommand) -> None:
        self._gate.note_command(msg.episode_id, bool(msg.terminate or msg.stop_reason))
        if not self._settings.lockstep:
            self._on_timer()

    def _on_arm(self, msg: GateStatus) -> None:
        self._gate.note_arm(GateState(msg.state))

    def _on_estop(self, msg: Bool) -> None:
        self._gate.estop.note(msg.data, now(self).monotonic_s)
        if msg.data and self.active:
            self._halt(GateReason.EMERGENCY_STOP, "emergency stop is pressed")

    def _on_timer(self) -> None:
        """Drive on; in lock-step only watch, for silence too must stop the base."""
        if not self._gate.driving or not self.active:
            return
        if not self._settings.lockstep or not self._fresh():
            self._drive()

    def _fresh(self) -> bool:
        try:
            self._gate.watch.latest(now(self))
        except GateError:
            return False
        return True

    def _drive(self) -> None:
        """Send the gate's next twist; the zero of an arrival or a stop is the last one."""
        if self._gate.watch.stamp_s < self._not_before_s and self._fresh():
            return  # what is known of the base is of another scene
        twist = self._gate.next_twist(now(self))
        self._commanded_s = self._gate.watch.stamp_s
        self._send(twist)
        self._panel.show()

    def _halt(self, reason: GateReason, text: str) -> None:
        self._gate.stop(reason, text, now(self))
        self._send(STILL)
        self._panel.show()

    def _send(self, twist: BaseTwist) -> None:
        base = self._cell.base
        assert base is not None  # BaseParameters.cell has checked it
        if not self._settings.stamped:
            self._twist_out.publish(twist_to_msg(twist))
            return
        frame, ros_s = base.footprint_frame, now(self).ros_s
        self._twist_out.publish(twist_stamped_to_msg(twist, frame, ros_s))

    def _on_place(
        self, request: PlaceBase.Request, response: PlaceBase.Response
    ) -> PlaceBase.Response:
        present = now(self)
        response.stamp = stamp_from_s(present.ros_s)
        try:
            if not self.active:
                raise GateError(GateReason.NOT_ACTIVE, "base_node is not active: activate it")
            goal = draw_base_pose(request.seed, self._cell, request.place)
            self._gate.drive_to(goal, present)
        except GateError as error:
            response.reason, response.text = int(error.reason), str(error)
            return response
        except WorldError as error:
            response.reason, response.text = int(GateReason.SPEC_MISMATCH), str(error)
            return response
        response.text = f"drives to x {goal.x_m:.3f} m, y {goal.y_m:.3f} m, {goal.yaw_rad:.3f} rad"
        self._not_before_s, self._commanded_s = stamp_to_s(request.not_before), float("-inf")
        self._panel.show()
        self._drive()
        return response

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._halt(GateReason.OPERATOR_STOP, "stopped by ~/stop")
        response.success, response.message = True, self._gate.text
        return response

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        complaint = self._gate.reset_stop(now(self))
        response.success, response.message = not complaint, complaint or self._gate.text
        self._panel.show()
        return response


def main() -> None:
    """Run the node."""
    sys.exit(run(BaseNode))


if __name__ == "__main__":
    main()
