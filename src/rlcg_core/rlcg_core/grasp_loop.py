# SPDX-License-Identifier: Apache-2.0
"""One grasp episode as a state machine: sensor input in; wait, act or end out. Knows no ROS."""

import math
from dataclasses import dataclass, replace

import numpy as np

from rlcg_core.errors import InputError, KinematicsError, RlcgError
from rlcg_core.freshness import FreshnessLimits, FrozenCheck, Problem, problem
from rlcg_core.joint_history import Instant
from rlcg_core.observer import Observer, SensedImage, SensedJoints
from rlcg_core.pace import Pace
from rlcg_core.ports import Policy
from rlcg_core.reasons import TerminationReason
from rlcg_core.types import Action, Decision, Observation

# What a node that is started together with others waits for.
_MAY_YET_COME = (
    TerminationReason.NO_IMAGE,
    TerminationReason.STALE_IMAGE,
    TerminationReason.NO_JOINT_STATE,
    TerminationReason.STALE_JOINT_STATE,
    TerminationReason.GATE_STOPPED,
)


@dataclass(frozen=True)
class EpisodeLimits:
    """When an episode ends by itself. ``q_min`` 0 accepts every Q-value.

    ``wait_for_sensors_s``: how long the first usable input is waited for [wall s].
    ``dry_run``: the decisions are not sent, so nothing is expected to move.
    """

    max_steps: int = 40
    max_duration_s: float = 60.0
    q_min: float = 0.0
    wait_for_sensors_s: float = 10.0
    frozen_frames: int = 4
    dry_run: bool = False


@dataclass(frozen=True)
class Wait:
    """Nothing to do now: no new frame, or the first usable input is still awaited."""

    text: str


@dataclass(frozen=True)
class Act:
    """Send this decision; ``step`` counts from 0, ``stamp_s`` is of the image decided on."""

    decision: Decision
    step: int
    stamp_s: float


@dataclass(frozen=True)
class End:
    """The episode is over. ``stop``: the hold to send last, None if nothing may be moving."""

    reason: TerminationReason
    text: str
    steps: int
    last_q: float
    stop: Act | None


class GraspLoop:
    """Runs one episode; make a new one for the next."""

    def __init__(
        self,
        policy: Policy,
        observer: Observer,
        limits: EpisodeLimits,
        freshness: FreshnessLimits,
        seed: int,
        now: Instant,
        period_s: float = 0.0,
        not_before_s: float = 0.0,
    ) -> None:
        """Begin at ``now``; ``seed`` fixes the policy's random numbers.

        ``period_s``: wall time from decision to decision; 0 decides on every new frame.
        ``not_before_s``: no image with an earlier stamp is acted on.
        """
        policy.reset(seed)
        self._policy, self._observer = policy, observer
        self._limits, self._freshness = limits, freshness
        # ROS time may still stand at zero before /clock is heard; the first frame tells it.
        self._first_stamp_s, self._acted_s = math.inf, now.monotonic_s
        self._passed_over_s = -math.inf
        self._newest_stamp_s, self._not_before_s = -math.inf, not_before_s
        self._pace, self._period_s = Pace(period_s), period_s
        self._frozen = FrozenCheck(limits.frozen_frames)
        self._last: Act | None = None
        self._closed: bool | None = None
        self._end: End | None = None

    @property
    def begun(self) -> bool:
        """Whether anything was decided yet."""
        return self._last is not None

    @property
    def ended(self) -> End | None:
        """Return the end, None while the episode runs."""
        return self._end

    def step(
        self,
        image: SensedImage | None,
        joints: SensedJoints | None,
        now: Instant,
        fault: Problem | None = None,
        closed: Problem | None = None,
    ) -> Wait | Act | End:
        """Return what to do with the newest input; after the end, the same `End` again.

        ``fault``: why input that did come could not be read. ``closed``: why a command would not
        pass the gate now.
        """
        if self._end is not None:
            return self._end
        if now.ros_s - self._first_stamp_s > self._limits.max_duration_s:
            text = f"{self._limits.max_duration_s:g} s are over"
            return self.stop(TerminationReason.TIME_LIMIT, text)
        found = fault or problem(image, joints, now, self._freshness) or closed
        if found is not None:
            return self._wait_or_end(found, now)
        # problem() reports a missing one; this tells the type checker.
        assert image is not None
        assert joints is not None
        return self._step_on(image, joints, now)

    def _step_on(self, image: SensedImage, joints: SensedJoints, now: Instant) -> Wait | Act | End:
        """Return what to do with input that is sound and fresh."""
        found = self._not_new(image)
        if found is not None:
            return self._wait_or_end(found, now)
        self._newest_stamp_s = image.stamp_s
        if image.receipt_s < self._passed_over_s:
            return Wait("the newest frame came while the last one was decided on")
        if not self._pace.ready(now.monotonic_s):
            return Wait("the next decision is not due yet")
        self._pace.note(now.monotonic_s)
        verdict = self._decide(image, joints)
        if isinstance(verdict, Problem):
            return self.stop(verdict.reason, verdict.text)
        return self._note(verdict, now)

    def _not_new(self, image: SensedImage) -> Problem | None:
        """Return why a frame must not be acted on although it is fresh."""
        if image.stamp_s < self._not_before_s:
            text = "newest image is of before the goal's not_before, expected a later one"
            return Problem(TerminationReason.STALE_IMAGE, text)
        if self._last is not None and image.stamp_s == self._last.stamp_s:
            text = "no image with a new stamp, expected one: check the camera or the simulator"
            return Problem(TerminationReason.STALE_IMAGE, text)
        return None

    def _note(self, act: Act, now: Instant) -> Act:
        """Take in what was decided; the last decision of an episode ends it."""
        self._last, self._acted_s = act, now.monotonic_s
        self._first_stamp_s = min(self._first_stamp_s, act.stamp_s)
        steps, q_value = act.step + 1, act.decision.q_value
        if act.decision.action.terminate:
            self._end = End(TerminationReason.POLICY_TERMINATED, "", steps, q_value, None)
        elif self._limits.dry_run and steps >= self._limits.max_steps:
            # Nothing moves, so there may never be another frame to notice the limit on.
            text = f"{steps} dry steps are done"
            self._end = End(TerminationReason.STEP_LIMIT, text, steps, q_value, None)
        return act

    def commanded(self, now: Instant) -> None:
        """Take in that the decision that `step` returned is out, which took time as well.

        Silence counts from here. In real time, frames that came meanwhile are passed over: the next
        one is at most a camera period away, and on the mean a change of the scene is answered half
        of that sooner than by a frame that has waited.
        """
        self._acted_s = now.monotonic_s
        if self._period_s > 0.0:
            self._passed_over_s = now.monotonic_s

    def stop(self, reason: TerminationReason, text: str) -> End:
        """End the episode from outside (cancel, gate, shutdown) or for a problem found inside."""
        if self._end is None:
            steps = 0 if self._last is None else self._last.step + 1
            last_q = math.nan if self._last is None else self._last.decision.q_value
            self._end = End(reason, text, steps, last_q, self._stop_command())
        return self._end

    def _stop_command(self) -> Act | None:
        """Return a hold that tells the gate that the episode is over."""
        if self._last is None or self._limits.dry_run:
            return None
        before = self._last.decision
        action = Action(np.zeros(3), terminate=True)
        hold = Decision(action, before.q_value, before.cem_mean, before.cem_std, "stop")
        return Act(hold, self._last.step + 1, self._newest_stamp_s)

    def _wait_or_end(self, found: Problem, now: Instant) -> Wait | End:
        """Nothing moves while there is a problem; the episode ends when it lasts.

        In lock-step the clock comes before the frame that belongs to it, so a single look may
        find the newest frame too old.
        """
        waited_s = now.monotonic_s - self._acted_s
        patience_s = self._freshness.max_silence_s
        if self._last is None and found.reason in _MAY_YET_COME:
            patience_s = self._limits.wait_for_sensors_s
        if waited_s <= patience_s:
            return Wait(found.text)
        return self.stop(found.reason, f"{found.text} (waited {waited_s:.1f} s)")

    def _decide(self, image: SensedImage, joints: SensedJoints) -> Act | Problem:
        step = 0 if self._last is None else self._last.step + 1
        found = self._before_deciding(image, step)
        if found is not None:
            return found
        observation = self._observe(image, joints)
        if isinstance(observation, Problem):
            return observation
        try:
            decision = self._policy.decide(observation)
        except RlcgError as error:
            return Problem(TerminationReason.POLICY_FAULT, str(error))
        if not decision.q_value >= self._limits.q_min:
            text = f"best Q is {decision.q_value:.3f}, expected at least {self._limits.q_min:g}"
            return Problem(TerminationReason.LOW_CONFIDENCE, text)
        self._closed = (self._closed or decision.action.close) and not decision.action.open
        inside = self._observer.inside(decision.action, observation.tool_pose)
        return Act(replace(decision, action=inside), step, image.stamp_s)

    def _before_deciding(self, image: SensedImage, step: int) -> Problem | None:
        if step >= self._limits.max_steps:
            return Problem(TerminationReason.STEP_LIMIT, f"{step} steps are done")
        if self._last is not None and image.stamp_s < self._last.stamp_s:
            text = "image is older than the one before: the clock or the world was set back"
            return Problem(TerminationReason.STALE_IMAGE, text)
        return self._frozen.note(image.image_hwc, self._last is not None and self._moved())

    def _moved(self) -> bool:
        """Whether the last action should have changed the picture."""
        if self._last is None or self._limits.dry_run:
            return False
        action = self._last.decision.action
        return bool(np.abs(action.displacement_m).max() > 1e-3 or abs(action.yaw_change_rad) > 1e-2)

    def _observe(self, image: SensedImage, joints: SensedJoints) -> Observation | Problem:
        try:
            tool = self._observer.tool_pose(joints)
            if self._closed is None:
                self._closed = self._observer.gripper_closed(joints)
        except (InputError, KinematicsError) as error:
            return Problem(TerminationReason.BAD_JOINT_STATE, str(error))
        try:
            return self._observer.observe(image, tool, self._closed)
        except InputError as error:
            return Problem(TerminationReason.BAD_IMAGE, str(error))
