# SPDX-License-Identifier: Apache-2.0
"""The gate of a mobile base: drives only between episodes, latches when anything is wrong.

It and the arm's gate lock each other out: this one refuses while an episode runs, the arm's while
the base moves. Either one alone keeps the two from moving at the same time.
"""

from dataclasses import dataclass

from rlcg_core.base_drive import twist_towards
from rlcg_core.base_pose import BasePose
from rlcg_core.base_watch import STILL, BaseTwist, BaseWatch, Odometry
from rlcg_core.cell import BaseDescription
from rlcg_core.emergency_stop import EmergencyStop
from rlcg_core.gate_checks import GateError
from rlcg_core.joint_history import Instant
from rlcg_core.reasons import GateReason, GateState

# Measured faster than this times its limit, the base does not do what it is told.
RUNAWAY = 1.5


@dataclass(frozen=True)
class BaseLimits:
    """What bounds a drive: speeds, the age of odometry, and how long it may take [ROS s]."""

    base: BaseDescription
    max_odometry_age_s: float = 0.5
    max_future_s: float = 0.02
    max_drive_s: float = 30.0
    reset_cooldown_s: float = 0.5
    estop_timeout_s: float = 0.0


class BaseGate:
    """Decides on each twist; ``state``, ``reason`` and ``text`` tell where it stands.

    HOLDING while it drives, READY while it stands, STOPPED latched. Times come in from outside.
    """

    def __init__(self, limits: BaseLimits) -> None:
        self._limits = limits
        self.watch = BaseWatch(limits.max_odometry_age_s, limits.max_future_s)
        self.estop = EmergencyStop(limits.estop_timeout_s)
        self._episode = ""
        self._arm: GateState | None = None
        self._goal: BasePose | None = None
        self._begun_s = self._latched_s = float("-inf")
        self.state, self.reason = GateState.READY, GateReason.OK
        self.text = "stands"

    @property
    def driving(self) -> bool:
        """Whether a drive is under way."""
        return self._goal is not None

    def note_odometry(self, odometry: Odometry, now: Instant) -> None:
        """Take in where the base is."""
        self.watch.note(odometry, now)

    def note_command(self, episode_id: str, ends: bool) -> None:
        """Take in a command of the policy: an episode runs until one that ends it."""
        self._episode = "" if ends else episode_id

    def note_arm(self, state: GateState) -> None:
        """Take in the arm's gate; stopped or inactive, it lets no episode go on."""
        self._arm = state
        if state in (GateState.STOPPED, GateState.INACTIVE):
            self._episode = ""

    def drive_to(self, goal: BasePose, now: Instant) -> None:
        """Begin a drive; raises `GateError` where that is refused."""
        if self.state is GateState.STOPPED:
            raise GateError(GateReason.LATCHED, f"stopped ({self.text}): call ~/reset_stop")
        self._check(now)
        self._goal, self._begun_s = goal, now.ros_s
        self._set(GateState.HOLDING, GateReason.BASE_MOVES, "drives")

    def next_twist(self, now: Instant) -> BaseTwist:
        """Return what to send now; nothing to send when it does not drive."""
        if self._goal is None:
            return STILL
        try:
            odometry = self._check(now)
            self._check_drive(odometry, now)
        except GateError as violation:
            self.stop(violation.reason, str(violation), now)
            return STILL
        twist = twist_towards(self._goal, odometry.pose, self._limits.base)
        if twist == STILL:
            self._goal = None
            self._set(GateState.READY, GateReason.OK, "stands where it was sent")
        return twist

    def stop(self, reason: GateReason, text: str, now: Instant) -> None:
        """Stop and latch; the caller sends a zero twist, the last message of the drive."""
        self._goal, self._latched_s = None, now.monotonic_s
        self._set(GateState.STOPPED, reason, text)

    def reset_stop(self, now: Instant) -> str:
        """Release the latch on a human's request; return why it stays, empty if it is released."""
        if self.state is not GateState.STOPPED:
            return ""
        wait_s = self._limits.reset_cooldown_s - (now.monotonic_s - self._latched_s)
        if wait_s > 0.0:
            return f"stopped just now, try again in {wait_s:.1f} s"
        try:
            self.estop.check(now.monotonic_s)
            self.watch.check_still(now)
        except GateError as violation:
            return f"still stopped: {violation}"
        self._set(GateState.READY, GateReason.OK, "stop released")
        return ""

    def _check(self, now: Instant) -> Odometry:
        """Return the newest odometry; raises `GateError` where nothing may drive."""
        self.estop.check(now.monotonic_s)
        if self._arm is None:
            raise GateError(
                GateReason.NOT_ACTIVE,
                "no gate_status so far, expected that of arm_node: a base drives only while a "
                "gate holds the arm; start it, or remap the topic",
            )
        if self._episode:
            raise GateError(
                GateReason.EPISODE_RUNS,
                f"episode {self._episode} runs, expected none while the base drives: cancel it",
            )
        return self.watch.latest(now)

    def _check_drive(self, odometry: Odometry, now: Instant) -> None:
        base, twist = self._limits.base, odometry.twist
        fast = twist.speed_m_s > RUNAWAY * base.speed_limit_m_s
        if fast or abs(twist.turn_rad_s) > RUNAWAY * base.turn_limit_rad_s:
            raise GateError(
                GateReason.BASE_LOST,
                f"the base moves at {twist.speed_m_s:.2f} m/s, {twist.turn_rad_s:.2f} rad/s, "
                f"expected at most {base.speed_limit_m_s:g} m/s, {base.turn_limit_rad_s:g} rad/s: "
                "stop it by its own means",
            )
        if now.ros_s - self._begun_s > self._limits.max_drive_s:
            raise GateError(
                GateReason.BASE_LOST,
                f"not there after {self._limits.max_drive_s:g} s: is the way free, do the wheels "
                "slip?",
            )

    def _set(self, state: GateState, reason: GateReason, text: str) -> None:
        self.state, self.reason, self.text = state, reason, text
