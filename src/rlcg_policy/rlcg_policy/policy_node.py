# SPDX-License-Identifier: Apache-2.0
"""policy_node: camera pixels in, grasp commands out, one episode per `~/grasp` goal.

Decides on the newest frame only: on every one in lock-step, at most ``rate_hz`` in real time. The
episode's logic is `rlcg_core.grasp_loop`; the parameters: `rlcg_policy.policy_parameters`.
"""

import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

from rclpy.duration import Duration
from rlcg_msgs.msg import GateStatus, GraspCommand

from rlcg_core import bundle
from rlcg_core.freshness import Problem
from rlcg_core.grasp_loop import Act, End, GraspLoop
from rlcg_core.observer import Observer
from rlcg_core.reasons import GateState, TerminationReason
from rlcg_core.robots import robot
from rlcg_core.settling import Settling
from rlcg_policy.camera.codec import decode_picture
from rlcg_policy.kinematics import PinocchioKinematics
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.plan_roster import PlanRoster
from rlcg_policy.policy_health import camera_health, loop_health, model_health
from rlcg_policy.policy_parameters import DEFAULT_ROBOT, PolicyParameters, of_robot
from rlcg_policy.step_meter import StepMeter
from rlcg_ros import qos
from rlcg_ros.clocks import now, wall_timer
from rlcg_ros.conversions import decision_to_msg
from rlcg_ros.conversions.decisions import DecidedBy
from rlcg_ros.decision_out import DecisionOut
from rlcg_ros.diagnostics import Diagnostics, Health
from rlcg_ros.grasp_server import GraspServer, Wish
from rlcg_ros.lifecycle import ManagedNode
from rlcg_ros.model_info import publish_model_info
from rlcg_ros.parameters import declare, given
from rlcg_ros.run import run
from rlcg_ros.sensors import Sensors
from rlcg_ros.shares import find_share, find_urdf

WATCH_S = 0.05
ACK_S = 0.3


class PolicyNode(ManagedNode):
    """The grasp policy as a lifecycle node; only an active one takes goals."""

    def __init__(self) -> None:
        super().__init__("policy_node")
        name = str(given(self).get("robot", DEFAULT_ROBOT))
        self._settings = declare(self, PolicyParameters, of_robot(robot(name).cell))
        self.autostart = self._settings.autostart
        self._loop: GraspLoop | None = None
        self._settling: Settling | None = None
        self._wish, self._episode_id = Wish(), ""
        self._meter = StepMeter()
        self._next_seed = self._settings.seed
        self._gate: GateStatus | None = None

    def setup(self) -> None:
        """Load and verify the model, read the robot description, listen."""
        settings = self._settings
        folder = bundle.find(settings.model, find_share() / "models")
        loaded, logger = bundle.load(folder), self.get_logger()
        roster = PlanRoster(loaded, settings.serving, tell=logger.info)
        self._policy = OnnxPolicy(loaded, settings.serving, roster)
        cell = settings.cell()
        kinematics = PinocchioKinematics(find_urdf(settings.urdf or cell.urdf), cell.arm)
        self._observer = Observer(cell, kinematics)
        pose = settings.transform_camera_to_base
        decode = decode_picture if settings.image_transport == "compressed" else None
        self._sensors = Sensors(self, pose, settings.joint_names, self._step, decode)
        self._command_out = self.create_lifecycle_publisher(
            GraspCommand, "grasp_command", qos.COMMAND
        )
        self._gate_in = self.create_subscription(
            GateStatus, "gate_status", self._on_gate, qos.STATUS
        )
        self._model_out = publish_model_info(self, loaded.manifest.name, loaded.digest)
        self._server = GraspServer(self, self._begin, self._refusal)
        variables, explain = loaded.manifest.cem.variables, self._policy.explain
        self._out = DecisionOut(self, self._decided_by(loaded), variables, explain)
        self._diagnostics = Diagnostics(self, folder.name, self._tasks())
        # Frames call _step; the timer sees to what happens without them, as a cancel or silence.
        self._timer = wall_timer(self, WATCH_S, self._step)
        for name, line in self._policy.plans.table().items():
            logger.info(f"plan {name}: {line}")
        logger.info(f"model {folder.name} on {self._policy.serving}")

    def stop(self) -> None:
        """End a running episode; its stop command is the last message, and acknowledged."""
        if self._loop is not None:
            self._end(self._loop.stop(TerminationReason.SHUTDOWN, "the node is shut down"))
        if self._settling is not None:
            self._finish(self._settling.end)
        self._command_out.wait_for_all_acked(Duration(seconds=ACK_S))
        self._out.rest()

    def teardown(self) -> None:
        """Release everything."""
        self.destroy_timer(self._timer)
        self._diagnostics.close()
        self._server.close()
        self._out.close()
        self._sensors.close()
        self.destroy_subscription(self._gate_in)
        self.destroy_publisher(self._command_out)
        self.destroy_publisher(self._model_out)

    def _decided_by(self, loaded: bundle.Bundle) -> DecidedBy:
        plan, frame = str(self._policy.serving), self._settings.base_frame
        return DecidedBy(loaded.manifest.name, loaded.digest, plan, base_frame=frame)

    def _refusal(self) -> str:
        return self._policy.refusal() if self.active else "policy_node is not active: activate it"

    def _begin(self, wish: Wish) -> None:
        settings, self._wish = self._settings, wish
        seed = wish.seed or self._next_seed
        self._next_seed = seed + 1
        self._meter, self._episode_id = StepMeter(), uuid.uuid4().hex[:8]
        self._out.begin(self._episode_id, seed, str(self._policy.serving))
        limits = wish.over(settings.limits)
        if wish.dry_run and settings.lockstep:
            # The world waits for a command that never comes: there is one frame to decide on.
            limits = replace(limits, max_steps=1)
        self._loop = GraspLoop(
            self._policy,
            self._observer,
            limits,
            settings.freshness,
            seed,
            now(self),
            period_s=0.0 if settings.lockstep else 1.0 / settings.rate_hz,
            not_before_s=wish.not_before_s,
        )
        self._step()

    def _on_gate(self, status: GateStatus) -> None:
        self._gate = status

    def _step(self) -> None:
        """Let the loop look at the newest input, and do what it says."""
        loop, sensors = self._loop, self._sensors
        if loop is None:
            if self._settling is not None and self._settling.over(sensors.image, now(self)):
                self._finish(self._settling.end)
            return
        begun_s = time.monotonic()
        if self._server.cancel_requested:
            loop.stop(TerminationReason.CANCELLED, "cancelled on request")
        fault, closed = sensors.problem, self._gate_problem(loop)
        try:
            verdict = loop.step(sensors.image, sensors.joints, now(self), fault, closed)
        except Exception as error:  # a defect: stop the arm for it before the process dies of it
            self._end(loop.stop(TerminationReason.POLICY_FAULT, f"{type(error).__name__}: {error}"))
            raise
        if isinstance(verdict, Act):
            self._send(verdict)
            loop.commanded(now(self))
            delay_ms = 1e3 * (time.time() - sensors.published_s)
            ran, run_ms = verdict.decision.network_ran, self._policy.run_ms
            self._meter.note(begun_s, time.monotonic(), delay_ms, ran, run_ms)
            self._server.feedback(verdict, self._meter.step_ms[-1], delay_ms)
        self._out.note(self._policy.trace)
        if loop.ended is not None:
            self._end(loop.ended)

    def _gate_problem(self, loop: GraspLoop) -> Problem | None:
        """Return why arm_node would not let a command pass; end the episode if it is stopped."""
        gate, reason = self._gate, TerminationReason.GATE_STOPPED
        if self._wish.dry_run or (gate is not None and gate.state == GateState.READY):
            return None
        if gate is None:
            return Problem(reason, "no gate_status received: start arm_node, or remap the topic")
        # One that is not there yet may still come, as long as nothing has moved.
        if gate.state == GateState.STOPPED or (gate.state == GateState.INACTIVE and loop.begun):
            loop.stop(reason, f"arm_node lets nothing pass: {gate.text}")
        return Problem(reason, f"arm_node is not ready: {gate.text}")

    def _send(self, act: Act, stop_reason: TerminationReason = TerminationReason.NONE) -> None:
        if self._wish.dry_run:
            return
        frame, episode = self._settings.base_frame, self._episode_id
        stamp_s, step = act.stamp_s, act.step
        msg = decision_to_msg(act.decision, stamp_s, frame, episode, step, stop_reason)
        self._command_out.publish(msg)

    def _end(self, end: End) -> None:
        """Send the stop; the result follows when it shows."""
        self._loop = None
        if end.stop is not None and end.reason is not TerminationReason.GATE_STOPPED:
            self._send(end.stop, end.reason)
        # The action's client has the result and tells it; nobody else sees that of ~/start.
        logger = self.get_logger()
        log = logger.debug if self._server.has_client else logger.info
        text = f"{end.reason.name}: {end.text}" if end.text else end.reason.name
        log(f"episode {self._episode_id} ended after {end.steps} steps, {text}")
        if end.steps == 0 or self._wish.dry_run:
            self._finish(end)
        else:
            self._settling = Settling(end, self._sensors.image, now(self))

    def _finish(self, end: End) -> None:
        """Send the result."""
        self._settling = None
        result = self._server.result(end, self._policy.manifest.name)
        result.step_ms, result.run_ms = self._meter.step_ms, self._meter.run_ms
        result.network_ran = self._meter.network_ran
        result.image_to_command_ms = self._meter.image_to_command_ms
        self._out.end(end)
        self._server.finish(end.reason, result)

    def _tasks(self) -> dict[str, Callable[[], Health]]:
        sensors, policy, settings = self._sensors, self._policy, self._settings
        wanted_hz = 0.0 if settings.lockstep else settings.rate_hz
        return {
            "model": lambda: model_health(policy),
            "loop": lambda: loop_health(self._meter, self._loop is not None, wanted_hz),
            "camera": lambda: camera_health(sensors.problem, sensors.camera, policy.manifest),
            "links": sensors.links.health,
        }


def main() -> None:
    """Run the node."""
    sys.exit(run(PolicyNode))


if __name__ == "__main__":
    main()
