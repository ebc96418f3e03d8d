# SPDX-License-Identifier: Apache-2.0
"""The gate: the last decision before the wire. Denies by default, latches, is reset by a human."""

from rlcg_core import gate_checks as checks
from rlcg_core.command_sequence import CommandSequence
from rlcg_core.deadman import Deadman
from rlcg_core.gate_checks import GateCommand, GateError
from rlcg_core.gate_senses import GateSenses
from rlcg_core.joint_history import Instant
from rlcg_core.limits import GateLimits
from rlcg_core.motion import Motion, MotionPlanner
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.speed_ramp import SpeedRamp
from rlcg_core.types import Action, FloatArray, JointSample
from rlcg_core.verdict import Verdict


class Gate:
    """Checks every command against limits and measured state; see `rlcg_core.reasons.GateReason`.

    ``state``, ``reason`` and ``text`` tell where it stands. All times come in from outside.
    ``senses`` is what it knows of the robot, ``speed`` slows steps, ``deadman`` counts silence.
    """

    def __init__(self, limits: GateLimits, planner: MotionPlanner, gripper_joint: str) -> None:
        self._limits, self._planner = limits, planner
        self.senses = GateSenses(limits, gripper_joint)
        self.speed = SpeedRamp(limits.speed_scale, limits.ramp_steps)
        self._sequence = CommandSequence()
        self._last_stamp_s = float("-inf")
        self.deadman = Deadman(limits)
        self._latched_s = float("-inf")
        self._set(GateState.INACTIVE, GateReason.NOT_ACTIVE, "not active: activate the node")

    def await_robot(self, violation: GateError) -> None:
        """Show, while inactive, what an activation waits for."""
        self._set(GateState.INACTIVE, violation.reason, str(violation))

    def activate(self, now: Instant) -> Verdict:
        """Begin to accept commands, from nothing: what was commanded before is forgotten.

        The verdict carries the hold at the measured pose that comes first, where limits ask for it.

        Raises:
            GateError: The robot is not there, or not the one that is expected.
        """
        self.senses.check_robot(now)
        self._last_stamp_s, self._planner.opening_m = float("-inf"), None
        self._finish_episode()
        self.speed.begin()
        self._set(GateState.READY, GateReason.OK, "ready")
        motion = self._hold(now) if self._limits.hold_on_activation else None
        return Verdict(GateReason.OK, "activated", motion)

    def deactivate(self, now: Instant) -> Verdict:
        """Accept nothing more; the verdict carries the hold that must be the last message sent."""
        motion = None if self.state is GateState.INACTIVE else self._hold(now)
        self._finish_episode()
        self._set(GateState.INACTIVE, GateReason.SHUTDOWN, "deactivated: the arm holds")
        return Verdict(self.reason, self.text, motion)

    def observe(self, sample: JointSample, now: Instant) -> None:
        """Take in measured joints; a bad sample shows at the next check."""
        opening_m = self.senses.observe(sample, now)
        if opening_m is not None:
            self._planner.observe_opening(opening_m)

    def observe_estop(self, pressed: bool, now: Instant) -> Verdict:
        """Take the emergency stop's input; pressed, it stops and latches at once."""
        self.senses.estop.note(pressed, now.monotonic_s)
        return self.poll(now)

    def too_early(self, command: GateCommand, now: Instant) -> bool:
        """Whether the clock or the joint states of the command's image may still be under way."""
        ahead_s = command.stamp_s - now.ros_s
        if ahead_s > self._limits.max_future_s and not self._limits.deadman_in_ros_time:
            return False  # only a simulated clock is ever under way
        known_s = min(now.ros_s, self.senses.stamp_s)
        waited_s = now.monotonic_s - command.receipt_s
        return command.stamp_s > known_s and waited_s < self._limits.sync_wait_s

    def check(self, command: GateCommand, now: Instant) -> Verdict:
        """Return the verdict on a command; any violation stops the arm and latches."""
        try:
            action, latest = self._checked_action(command, now)
            if action.asks_to_stop:
                return self._end_episode(command, latest)
            self._sequence.check(command.episode_id, command.step)
            checks.check_times(command, self._last_stamp_s, now, self._limits)
            decided_at = self.senses.at(command.stamp_s)
            if not self.deadman.armed:
                self._planner.opening_m = None  # a new episode begins with the jaw as it is
            speeds = self.senses.speeds_rad_s
            motion = self._planner.step(action, decided_at, latest, self.speed.scale, speeds)
        except GateError as violation:
            return self._refuse(violation.reason, str(violation), now)
        self._last_stamp_s = command.stamp_s
        self._sequence.accept(command.episode_id, command.step)
        self.speed.note_step()
        self.deadman.feed(now)
        if action.terminate:
            self._finish_episode()  # after which silence is no fault
        self._set(GateState.READY, GateReason.OK, "ready")
        return Verdict(GateReason.OK, "accepted", motion)

    def poll(self, now: Instant) -> Verdict:
        """Watch for silence and for lost joint states; to be called several times a second."""
        if self.state in (GateState.INACTIVE, GateState.STOPPED):
            return Verdict(self.reason, self.text)
        try:
            self.senses.estop.check(now.monotonic_s)
            self.deadman.check(now)
        except GateError as violation:
            return self._refuse(violation.reason, str(violation), now)
        return self._note_joint_state(now)

    def stop(self, text: str, now: Instant) -> Verdict:
        """Stop and latch on a human's request."""
        return self._refuse(GateReason.OPERATOR_STOP, text, now)

    def reset_stop(self, now: Instant) -> Verdict:
        """Release the latch on a human's request; refused while cooling down or without joints."""
        if self.state is not GateState.STOPPED:
            return Verdict(GateReason.OK, f"nothing to reset: {self.text}")
        waited_s = now.monotonic_s - self._latched_s
        if waited_s < self._limits.reset_cooldown_s:
            wait_s = self._limits.reset_cooldown_s - waited_s
            return Verdict(GateReason.LATCHED, f"stopped just now, try again in {wait_s:.1f} s")
        try:
            self.senses.latest(now)
            self.senses.check_base(now)
            self.senses.estop.check(now.monotonic_s)
        except GateError as violation:
            return Verdict(violation.reason, f"still stopped: {violation}")
        self._last_stamp_s = float("-inf")
        self._set(GateState.READY, GateReason.OK, "ready")
        return Verdict(GateReason.OK, "stop released")

    def home(self, home_rad: FloatArray, now: Instant) -> Verdict:
        """Return a slow motion to ``home_rad`` (n,), jaw open; only if ready, between episodes."""
        if self.state is not GateState.READY:
            return Verdict(self.reason, f"cannot go home: {self.text}")
        if self.deadman.armed:
            return Verdict(GateReason.BUSY, "cannot go home: an episode runs, cancel it first")
        try:
            self.senses.check_base(now)
            latest = self.senses.latest(now)
            motion = self._planner.home(home_rad, latest, self.speed.scale)
        except GateError as violation:
            return Verdict(violation.reason, f"cannot go home: {violation}")
        return Verdict(GateReason.OK, f"home in {motion.trajectory.times_s[-1]:.1f} s", motion)

    def _checked_action(self, command: GateCommand, now: Instant) -> tuple[Action, FloatArray]:
        """Return the action and the latest measured joints (n,)."""
        if self.state is GateState.INACTIVE:
            raise GateError(GateReason.NOT_ACTIVE, "the gate is not active: activate the node")
        if self.state is GateState.STOPPED:
            raise GateError(GateReason.LATCHED, f"stopped ({self.text}): call ~/reset_stop")
        self.senses.estop.check(now.monotonic_s)
        action = checks.check_content(command, self._limits)
        if not action.asks_to_stop:
            self.senses.check_base(now)
        return action, self.senses.latest(now)

    def _end_episode(self, command: GateCommand, latest: FloatArray) -> Verdict:
        """Hold, unless the stop is an old one; raises `GateError` for a stop because of a fault."""
        try:
            self._sequence.check(command.episode_id, command.step)
        except GateError as violation:
            return Verdict(violation.reason, str(violation))
        self._sequence.accept(command.episode_id, command.step)
        checks.check_end(command)
        self._finish_episode()
        self._set(GateState.READY, GateReason.OK, "ready")
        return Verdict(GateReason.OK, "episode ended", self._planner.hold(latest))

    def _finish_episode(self) -> None:
        self.deadman.rest()
        self._sequence.end()

    def _hold(self, now: Instant) -> Motion | None:
        # Without fresh joint states nothing is sent: every trajectory ends at rest by itself,
        # whereas a hold at an outdated pose would move the arm.
        try:
            return self._planner.hold(self.senses.latest(now))
        except GateError:
            return None

    def _refuse(self, reason: GateReason, text: str, now: Instant) -> Verdict:
        if self.state in (GateState.INACTIVE, GateState.STOPPED):
            return Verdict(reason, text)
        motion = self._hold(now)
        self._finish_episode()  # a reset does not let the stopped episode go on
        self._latched_s = now.monotonic_s
        self._set(GateState.STOPPED, reason, text)
        return Verdict(reason, text, motion)

    def _note_joint_state(self, now: Instant) -> Verdict:
        try:
            self.senses.latest(now)
            self.senses.check_base(now)
        except GateError as violation:
            # Simulated, they are late on a slow machine too, and nothing moves meanwhile.
            moves = violation.reason is GateReason.BASE_MOVES
            if self.deadman.armed and (moves or not self._limits.deadman_in_ros_time):
                return self._refuse(violation.reason, str(violation), now)
            self._set(GateState.HOLDING, violation.reason, str(violation))
        else:
            self._set(GateState.READY, GateReason.OK, "ready")
        return Verdict(self.reason, self.text)

    def _set(self, state: GateState, reason: GateReason, text: str) -> None:
        self.state, self.reason, self.text = state, reason, text
