# SPDX-License-Identifier: Apache-2.0
"""A world with its time, its commands and its faults: what sim_node does, without ROS."""

from rlcg_core.base_pose import PARKED_M, BasePose
from rlcg_core.base_watch import STILL, BaseTwist, Odometry
from rlcg_core.bin_content import NO_FILLING, Filling
from rlcg_core.ports import World
from rlcg_core.servo_orders import ServoOrder
from rlcg_core.types import ArmTrajectory, JointSample, ResetInfo
from rlcg_sim.arm_servo import ArmServo
from rlcg_sim.faults import FaultyCamera, Frame
from rlcg_sim.lockstep import JawCommand, LockStep, RealTimePace
from rlcg_sim.sim_parameters import SimParameters
from rlcg_sim.wheels import PERIOD_S, Wheels

SLOW_FACTOR = 0.9


class SimLoop:
    """Runs a world in lock-step or in real time; monotonic times come in from outside.

    ``camera`` carries the faults; ``paused`` stops simulated time. ``servo`` follows set points,
    None where the arm takes trajectories.
    """

    def __init__(self, world: World, parameters: SimParameters, control_period_s: float) -> None:
        self.world, self._parameters, self._period_s = world, parameters, control_period_s
        self.camera = FaultyCamera(parameters.seed)
        self.camera.faults = parameters.faults
        self.paused = False
        self.servo: ArmServo | None = None
        self._lockstep, self._pace, self._wheels = LockStep(), RealTimePace(), Wheels(world)
        self._announced_s = self._next_image_s = float("-inf")
        self._owed_s = 0.0
        self._frame: Frame | None = None

    def reset(
        self, seed: int, objects: str, monotonic_s: float, filling: Filling = NO_FILLING
    ) -> ResetInfo:
        """Begin a seeded episode and take its first picture; raises `WorldError`."""
        self._lockstep.clear()
        self._wheels.stand()
        info = self.world.reset(seed, objects, filling)
        if self._parameters.parked:
            self.world.drive_base(BasePose(x_m=-PARKED_M))
        if self.servo is not None:
            self.servo.reset()
        self._pace.restart()
        self._take_picture(monotonic_s)
        return info

    def command_arm(self, order: ArmTrajectory | ServoOrder, monotonic_s: float) -> None:
        """Take an arm command; in lock-step it waits for the jaw's."""
        if not isinstance(order, ArmTrajectory):
            assert self.servo is not None
            self.servo.take(order)
            return
        trajectory = order
        if not self._parameters.lockstep:
            self.world.command_arm(trajectory)
            return
        self._lockstep.offer_arm(trajectory)
        self._advance_lockstep(monotonic_s)

    def command_jaw(self, jaw: JawCommand, monotonic_s: float) -> None:
        """Take a jaw command; in lock-step it waits for the arm's."""
        if not self._parameters.lockstep:
            self.world.command_gripper(jaw.opening_m)
            return
        self._lockstep.offer_jaw(jaw)
        self._advance_lockstep(monotonic_s)

    def command_base(self, twist: BaseTwist, monotonic_s: float) -> None:
        """Take a twist of the base; in lock-step time moves on by one period of it.

        To stand takes no time there: the last command of a drive makes no picture of its own.
        """
        self._wheels.take(twist, monotonic_s)
        if self._parameters.lockstep and not self.paused and twist != STILL:
            self._wheels.roll(PERIOD_S)
            self.world.advance(PERIOD_S)
            self._take_picture(monotonic_s)

    def odometry(self) -> Odometry:
        """Return where the base is, under the shown stamp."""
        return self._wheels.odometry(self.stamp_s(self.world.time_s))

    def tick(self, monotonic_s: float) -> None:
        """Let real time pass; in lock-step repeat the last picture for those who join late."""
        if self._parameters.lockstep:
            late = monotonic_s - self._announced_s > self._parameters.announce_period_s
            if late and self._frame is not None:
                self._show(self._frame, monotonic_s)
            return
        if self.paused:
            return
        stride_s = self._pace.stride_s(monotonic_s)
        self._wheels.watch(monotonic_s)
        self._wheels.roll(stride_s)
        self._owed_s += stride_s
        before_s = self.world.time_s
        self._follow_servo()
        self.world.advance(self._owed_s)
        self._owed_s -= self.world.time_s - before_s  # worlds advance by whole steps
        if self.world.time_s >= self._next_image_s:
            self._take_picture(monotonic_s)

    def _follow_servo(self) -> None:
        if self.servo is None:
            return
        sample = self.world.joint_sample()
        time_s = self.stamp_s(sample.stamp_s)
        motion = self.servo.next(sample.positions[:-1], time_s, self._owed_s)
        if motion is not None:
            self.world.command_arm(motion)

    def pause(self, paused: bool, monotonic_s: float) -> None:
        """Stop or go on; commands that came meanwhile are carried out then."""
        self.paused = paused
        self._pace.restart()
        self._advance_lockstep(monotonic_s)

    def step(self, monotonic_s: float) -> None:
        """Advance a paused world by one control period."""
        self.world.advance(self._period_s)
        self._take_picture(monotonic_s)

    def stamp_s(self, time_s: float) -> float:
        """Return the stamp [s] shown for a simulated time, which a fault may have shifted."""
        return max(0.0, time_s + self.camera.faults.clock_jump_s)

    def joint_sample(self) -> JointSample | None:
        """Return the measured joints under the shown stamp, None if a fault silences them."""
        if self.camera.faults.joints_silent:
            return None
        sample = self.world.joint_sample()
        stamp_s = self.stamp_s(sample.stamp_s)
        return JointSample(sample.names, sample.positions, sample.velocities, stamp_s)

    def report(self) -> dict[str, object]:
        """Return how it runs, for diagnostics."""
        lockstep = self._parameters.lockstep
        return {
            "backend": self._parameters.backend,
            "renderer": self.world.renderer,
            "mode": "lock-step" if lockstep else "real time",
            "paused": self.paused,
            "simulated time [s]": f"{self.world.time_s:.3f}",
            "real-time factor": "-" if lockstep else f"{self._pace.factor:.2f}",
        }

    def complaint(self) -> str:
        """Return what is not as it should be, or an empty text."""
        if self.camera.faults.names:
            return f"faults are on: {', '.join(self.camera.faults.names)}"
        running = not self._parameters.lockstep and not self.paused
        if running and self._pace.factor < SLOW_FACTOR:
            return f"runs at {self._pace.factor:.2f} of real time: lower image_rate_hz"
        return ""

    def _advance_lockstep(self, monotonic_s: float) -> None:
        order = None if self.paused else self._lockstep.take()
        if order is None:
            return
        self.world.command_arm(order.arm)
        self.world.command_gripper(order.jaw.opening_m)
        self.world.advance(order.duration_s)
        self._take_picture(monotonic_s)

    def _take_picture(self, monotonic_s: float) -> None:
        self._frame = Frame(self.world.render(), self.world.time_s)
        self._next_image_s = self.world.time_s + 1.0 / self._parameters.image_rate_hz
        self._show(self._frame, monotonic_s)

    def _show(self, frame: Frame, monotonic_s: float) -> None:
        self.camera.put(frame, monotonic_s)
        self._announced_s = monotonic_s
