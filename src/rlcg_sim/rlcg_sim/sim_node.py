# SPDX-License-Identifier: Apache-2.0
"""sim_node: what the robot and the camera would publish and subscribe, over a simulated world.

In lock-step one `joint_trajectory` and one `gripper_command` together advance the world by one
control step, after which /clock, joint_states and an image of that time go out. In real time the
world runs along with the wall clock. Parameters: `rlcg_sim.sim_parameters`.
"""

import sys
import time

from rclpy.node import Node
from rlcg_msgs.srv import GetOutcome, ResetWorld
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_srvs.srv import SetBool, Trigger

from rlcg_core.base_watch import BaseTwist
from rlcg_core.bin_content import Filling
from rlcg_core.errors import WorldError
from rlcg_core.robots import ROBOTS
from rlcg_core.servo_orders import ServoOrder
from rlcg_core.types import ArmTrajectory
from rlcg_ros import qos
from rlcg_ros.arm_inputs import ArmInputs
from rlcg_ros.clocks import wall_timer
from rlcg_ros.conversions import (
    camera_to_info,
    image_to_msg,
    joints_to_msg,
    stamp_from_s,
)
from rlcg_ros.diagnostics import Diagnostics, Health, Level
from rlcg_ros.jaw_input import JawInput
from rlcg_ros.links import Links
from rlcg_ros.parameters import declare, watch
from rlcg_ros.run import run
from rlcg_ros.shares import find_urdf
from rlcg_sim.lockstep import JawCommand
from rlcg_sim.sim_loop import SimLoop
from rlcg_sim.sim_parameters import SimParameters
from rlcg_sim.worlds import make_servo, make_world, reset_reason

LOCKSTEP_TICK_S = 0.1


class SimNode(Node):
    """The simulated robot cell as a node."""

    def __init__(self) -> None:
        super().__init__("sim_node")
        self._settings = declare(self, SimParameters)
        self._cell = cell = ROBOTS[self._settings.robot].cell
        urdf = find_urdf(self._settings.urdf or cell.urdf)
        world = make_world(self._settings, cell, urdf)
        self._loop = SimLoop(world, self._settings, 1.0 / cell.control_rate_hz)
        self._loop.servo = make_servo(self._settings, cell, urdf)

    def begin(self) -> None:
        """Fill the bin, then open the topics."""
        settings, world = self._settings, self._loop.world
        self._loop.reset(settings.seed, settings.objects, time.monotonic())
        self._open_topics()
        self._open_services()
        watch(self, settings, self._set_faults)
        hardware_id = f"{settings.backend}/{world.renderer}"
        tasks = {"simulation": self._health, "links": Links(self).health}
        self._diagnostics = Diagnostics(self, hardware_id, tasks)
        period_s = LOCKSTEP_TICK_S if settings.lockstep else 1.0 / settings.state_rate_hz
        self._tick_timer = wall_timer(self, period_s, self._on_tick)
        mode = self._loop.report()["mode"]
        self.get_logger().info(f"{settings.backend} in {mode}, rendered by {world.renderer}: ready")

    def before_exit(self) -> None:
        """Release the world."""
        self._loop.world.close()

    def _open_topics(self) -> None:
        self._clock_out = self.create_publisher(Clock, "/clock", qos.CLOCK)
        self._image_out = self.create_publisher(Image, "image_raw", qos.IMAGE_PUBLISHED)
        self._info_out = self.create_publisher(CameraInfo, "camera_info", qos.IMAGE_PUBLISHED)
        self._joints_out = self.create_publisher(
            JointState, "joint_states", qos.JOINT_STATES_PUBLISHED
        )
        ArmInputs(self, self._settings.command_mode, self._cell.arm, self._now_s, self._on_arm)
        JawInput(self, self._settings.gripper_mode, self._cell.gripper, self._now_s, self._on_jaw)
        self._base = None
        if self._cell.base is not None:
            from rlcg_ros.base_driver import BaseDriver  # robots that stand need no nav_msgs

            self._base = BaseDriver(self, self._cell.base, self._on_twist)

    def _open_services(self) -> None:
        self.create_service(ResetWorld, "~/reset", self._on_reset)
        self.create_service(GetOutcome, "~/outcome", self._on_outcome)
        self.create_service(SetBool, "~/pause", self._on_pause)
        self.create_service(Trigger, "~/step", self._on_step)

    def _now_s(self) -> float:
        return self._loop.stamp_s(self._loop.world.time_s)

    def _on_arm(self, order: ArmTrajectory | ServoOrder) -> None:
        self._loop.command_arm(order, time.monotonic())
        self._publish()

    def _on_jaw(self, opening_m: float, duration_s: float) -> None:
        self._loop.command_jaw(JawCommand(opening_m, duration_s), time.monotonic())
        self._publish()

    def _on_twist(self, twist: BaseTwist) -> None:
        self._loop.command_base(twist, time.monotonic())
        self._publish()

    def _on_tick(self) -> None:
        self._loop.tick(time.monotonic())
        self._publish()

    def _publish(self) -> None:
        """Publish clock, base and joints, then images: a listener has the state first."""
        loop = self._loop
        self._clock_out.publish(Clock(clock=stamp_from_s(loop.stamp_s(loop.world.time_s))))
        if self._base is not None:
            self._base.publish(loop.odometry())
        sample = loop.joint_sample()
        if sample is not None:
            self._joints_out.publish(joints_to_msg(sample))
        for frame in loop.camera.due(time.monotonic()):
            stamp_s = loop.stamp_s(frame.stamp_s)
            msg = image_to_msg(frame.image_hwc, stamp_s, loop.world.camera.frame_id)
            msg.encoding = loop.camera.faults.image_encoding or msg.encoding
            self._info_out.publish(camera_to_info(loop.world.camera, stamp_s))
            self._image_out.publish(msg)

    def _on_reset(
        self, request: ResetWorld.Request, response: ResetWorld.Response
    ) -> ResetWorld.Response:
        objects = request.objects or self._settings.objects
        without = tuple(request.without)
        filling = Filling(request.count, request.objects_seed, without, request.placement)
        response.renderer = self._loop.world.renderer
        try:
            info = self._loop.reset(request.seed, objects, time.monotonic(), filling)
        except WorldError as error:
            response.reason = reset_reason(self._cell, objects, request.placement)
            response.text = str(error)
            return response
        response.object_names = list(info.object_names)
        response.stamp = stamp_from_s(self._loop.stamp_s(self._loop.world.time_s))
        response.text = f"seed {request.seed}, {len(info.object_names)} objects of {objects}"
        self._publish()
        return response

    def _on_outcome(
        self, request: GetOutcome.Request, response: GetOutcome.Response
    ) -> GetOutcome.Response:
        truth = self._loop.world.truth()
        response.outcome, response.text = int(truth.outcome), truth.outcome.name.lower()
        response.lifted, response.target = list(truth.lifted), truth.target
        return response

    def _on_pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._loop.pause(request.data, time.monotonic())
        self._publish()
        response.success, response.message = True, "paused" if request.data else "running"
        return response

    def _on_step(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._loop.paused
        if not self._loop.paused:
            response.message = "the simulation is not paused: call ~/pause with true first"
            return response
        self._loop.step(time.monotonic())
        self._publish()
        response.message = f"at {self._loop.world.time_s:.3f} s"
        return response

    def _set_faults(self, settings: SimParameters) -> None:
        self._loop.camera.faults = settings.faults

    def _health(self) -> Health:
        complaint = self._loop.complaint()
        level = Level.WARN if complaint else Level.OK
        return Health(level, complaint or "running", self._loop.report())


def main() -> None:
    """Run the node."""
    sys.exit(run(SimNode))


if __name__ == "__main__":
    main()
