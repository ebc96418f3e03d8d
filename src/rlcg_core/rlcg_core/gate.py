# SPDX-License-Identifier: Apache-2.0
"""The gate: the last decision before the wire. Denies by default, latches, is reset by a human."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core import gate_checks as checks
from rlcg_core.errors import InputError
from rlcg_core.gate_checks import GateCommand, GateError
from rlcg_core.joint_history import Instant, JointHistory
from rlcg_core.limits import GateLimits
from rlcg_core.motion import Motion, MotionPlanner
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action, JointSample

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """What the gate decided: the reason, the same for people, and what is to be sent, if anything.

    A refusal may carry a motion: the hold that stops the arm.
    """

    reason: GateReason
    text: str
    motion: Motion | None = None

    @property
    def accepted(self) -> bool:
        """True if what was asked for is done."""
        return self.reason is GateReason.OK


class Gate:
    """Checks every command against limits and measured state; see `rlcg_core.reasons.GateReason`.

    ``state``, ``reason`` and ``text`` tell where it stands. All times come in from outside.
    """

    def __init__(self, limits: GateLimits, planner: MotionPlanner, gripper_joint: str) -> None:
        self._limits, self._planner, self._gripper_joint = limits, planner, gripper_joint
        self.history = JointHistory(limits.joint_names)
        self._last_stamp_s = float("-inf")
        self._fed_s: float | None = None
        self._latched_s = float("-inf")
        self._set(GateState.INACTIVE, GateReason.NOT_ACTIVE, "not active: activate the node")

    def activate(self) -> None:
        """Begin to accept commands, from nothing: what was commanded before is forgotten."""
        self._fed_s, self._last_stamp_s, self._planner.opening_m = None, float("-inf"), None
        self._set(GateState.HOLDING, GateReason.NO_JOINT_STATE, "waiting for joint_states")

    def deactivate(self, now: Instant) -> Verdict:
        """Accept nothing more; the verdict carries the hold that must be the last message sent."""
        motion = None if self.state is GateState.INACTIVE else self._hold(now)
        self._fed_s = None
        self._set(GateState.INACTIVE, GateReason.SHUTDOWN, "deactivated: the arm holds")
        return Verdict(self.reason, self.text, motion)

    def observe(self, sample: JointSample, now: Instant) -> None:
        """Take in measured joints; a bad sample shows at the next check."""
        if self._gripper_joint in sample.names:
            self._planner.observe_opening(float(sample.pick((self._gripper_joint,))[0]))
        try:
            self.history.add(sample, now.monotonic_s)
        except InputError:
            return  # JointHistory keeps the problem, check_joint_state reports it

    def too_early(self, command: GateCommand, now: Instant) -> bool:
        """Whether the clock or the joint states of the command's image may still be under way."""
        known_s = min(now.ros_s, self.history.stamp_s)
        waited_s = now.monotonic_s - command.receipt_s
        return command.stamp_s > known_s and waited_s < self._limits.sync_wait_s

    def check(self, command: GateCommand, now: Instant) -> Verdict:
        """Return the verdict on a command; any violation stops the arm and latches."""
        try:
            action, latest = self._checked_action(command, now)
            if _asks_to_stop(action):
                motion = self._planner.hold(latest)
            else:
                checks.check_times(command, self._last_stamp_s, now, self._limits)
                decided_at = checks.joints_at(self.history, command.stamp_s, self._limits)
                if self._fed_s is None:
                    self._planner.opening_m = None  # a new episode begins with the jaw as it is
                motion = self._planner.step(action, decided_at, latest)
                self._last_stamp_s = command.stamp_s
        except GateError as violation:
            return self._refuse(violation.reason, str(violation), now)
        # An episode ends with a terminating command, after which silence is no fault.
        self._fed_s = None if action.terminate else self._silence_clock_s(now)
        self._set(GateState.READY, GateReason.OK, "ready")
        return Verdict(GateReason.OK, "accepted", motion)

    def poll(self, now: Instant) -> Verdict:
        """Watch for silence and for lost joint states; to be called several times a second."""
        if self.state in (GateState.INACTIVE, GateState.STOPPED):
            return Verdict(self.reason, self.text)
        clock_s = self._silence_clock_s(now)
        silent_s = 0.0 if self._fed_s is None else clock_s - self._fed_s
        if silent_s < 0.0:
            self._fed_s = clock_s  # the simulation was started anew
        if silent_s > self._limits.deadman_s:
            text = (
                f"no command for {silent_s:.2f} s within an episode, expected one every "
                f"{self._limits.deadman_s:g} s: the policy is too slow or gone"
            )
            return self._refuse(GateReason.DEADMAN, text, now)
        self._note_joint_state(now)
        return Verdict(self.reason, self.text)

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
            checks.check_joint_state(self.history, now, self._limits)
        except GateError as violation:
            return Verdict(violation.reason, f"still stopped: {violation}")
        self._last_stamp_s = float("-inf")
        self._set(GateState.READY, GateReason.OK, "ready")
        return Verdict(GateReason.OK, "stop released")

    def home(self, home_rad: FloatArray, now: Instant) -> Verdict:
        """Return a slow motion to ``home_rad`` (n,), jaw open; only if ready, between episodes."""
        if self.state is not GateState.READY:
            return Verdict(self.reason, f"cannot go home: {self.text}")
        if self._fed_s is not None:
            return Verdict(GateReason.BUSY, "cannot go home: an episode runs, cancel it first")
        try:
            latest = checks.check_joint_state(self.history, now, self._limits)
            motion = self._planner.home(home_rad, latest)
        except GateError as violation:
            return Verdict(violation.reason, f"cannot go home: {violation}")
        return Verdict(GateReason.OK, f"home in {motion.trajectory.times_s[-1]:.1f} s", motion)

    def _silence_clock_s(self, now: Instant) -> float:
        return now.ros_s if self._limits.deadman_in_ros_time else now.monotonic_s

    def _checked_action(self, command: GateCommand, now: Instant) -> tuple[Action, FloatArray]:
        """Return the action and the latest measured joints (n,)."""
        if self.state is GateState.INACTIVE:
            raise GateError(GateReason.NOT_ACTIVE, "the gate is not active: activate the node")
        if self.state is GateState.STOPPED:
            raise GateError(GateReason.LATCHED, f"stopped ({self.text}): call ~/reset_stop")
        action = checks.check_content(command, self._limits)
        return action, checks.check_joint_state(self.history, now, self._limits)

    def _hold(self, now: Instant) -> Motion | None:
        # Without fresh joint states nothing is sent: every trajectory ends at rest by itself,
        # whereas a hold at an outdated pose would move the arm.
        try:
            return self._planner.hold(checks.check_joint_state(self.history, now, self._limits))
        except GateError:
            return None

    def _refuse(self, reason: GateReason, text: str, now: Instant) -> Verdict:
        if self.state in (GateState.INACTIVE, GateState.STOPPED):
            return Verdict(reason, text)
        motion = self._hold(now)
        self._fed_s, self._latched_s = None, now.monotonic_s
        self._set(GateState.STOPPED, reason, text)
        return Verdict(reason, text, motion)

    def _note_joint_state(self, now: Instant) -> None:
        try:
            checks.check_joint_state(self.history, now, self._limits)
        except GateError as violation:
            self._set(GateState.HOLDING, violation.reason, str(violation))
        else:
            self._set(GateState.READY, GateReason.OK, "ready")

    def _set(self, state: GateState, reason: GateReason, text: str) -> None:
        self.state, self.reason, self.text = state, reason, text


def _asks_to_stop(action: Action) -> bool:
    """Whether the action ends the episode and moves nothing: safe however old its image is."""
    still = not np.any(action.displacement_m) and action.yaw_change_rad == 0.0
    return action.terminate and still and not action.close and not action.open
