# SPDX-License-Identifier: Apache-2.0
"""The single checks of the gate, each a pure function that raises `GateError` or is silent."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.errors import InputError, RlcgError, SpecError
from rlcg_core.joint_history import Instant, JointHistory
from rlcg_core.limits import GateLimits
from rlcg_core.reasons import GateReason, TerminationReason
from rlcg_core.types import Action

FloatArray = npt.NDArray[np.float64]


class GateError(RlcgError):
    """A command, or the state that it would act on, breaks a rule of the gate."""

    def __init__(self, reason: GateReason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class GateCommand:
    """A policy command as it arrived, nothing about it trusted.

    ``action``: the spec's vector (8,). ``stamp_s``: of the image decided on [s, ROS time].
    ``receipt_s``: monotonic time at which this process received it. ``episode_id`` and ``step``
    make it one of a kind. ``stop_reason``: why the policy ends the episode with it, a value of
    `TerminationReason`.
    """

    action: FloatArray
    stamp_s: float
    frame_id: str
    spec_fingerprint: str
    receipt_s: float
    episode_id: str
    step: int
    stop_reason: int = TerminationReason.NONE


def check_content(command: GateCommand, limits: GateLimits) -> Action:
    """Return the action if the command is finite, of this spec, in the base frame and in bounds."""
    numbers = np.asarray(command.action, dtype=np.float64)
    if not np.all(np.isfinite(numbers)) or not np.isfinite(command.stamp_s):
        raise GateError(
            GateReason.NOT_FINITE,
            f"command has non-finite numbers {numbers.tolist()} at stamp {command.stamp_s}: "
            "the policy is at fault",
        )
    if command.spec_fingerprint != spec.fingerprint():
        raise GateError(
            GateReason.SPEC_MISMATCH,
            f"command has spec fingerprint '{command.spec_fingerprint}', expected "
            f"'{spec.fingerprint()}': run policy and gate of the same version",
        )
    if command.frame_id != limits.base_frame:
        raise GateError(
            GateReason.WRONG_FRAME,
            f"command is in frame '{command.frame_id}', expected '{limits.base_frame}'",
        )
    return _bounded_action(numbers, limits)


def check_end(command: GateCommand) -> None:
    """Check that the policy ends the episode in good order; a reason not known is a fault."""
    try:
        reason = TerminationReason(command.stop_reason)
    except ValueError as error:
        raise GateError(GateReason.POLICY_FAULT, f"policy stopped: {error}") from error
    if reason.is_fault:
        raise GateError(
            GateReason.POLICY_FAULT,
            f"policy stopped for {reason.name}: see to its cause, then call ~/reset_stop",
        )


def _bounded_action(numbers: FloatArray, limits: GateLimits) -> Action:
    moves = numbers[:3] if numbers.shape == (spec.ACTION_DIM,) else np.zeros(3)
    if np.any(np.abs(moves) > limits.max_step_m + 1e-6):
        raise GateError(
            GateReason.STEP_TOO_LARGE,
            f"displacement is {_text(moves)} m, expected within +-{limits.max_step_m:g} m per axis",
        )
    try:
        return Action.from_array(numbers)
    except SpecError as error:
        too_far = "yaw change is" in str(error)
        reason = GateReason.STEP_TOO_LARGE if too_far else GateReason.SPEC_MISMATCH
        raise GateError(reason, str(error)) from error


def _text(numbers: FloatArray) -> str:
    return "[" + ", ".join(f"{number:.4g}" for number in numbers) + "]"


def check_times(
    command: GateCommand, last_stamp_s: float, now: Instant, limits: GateLimits
) -> None:
    """Check the command's age on both clocks, and that its image was not acted on before."""
    age_s = now.ros_s - command.stamp_s
    if age_s < -limits.max_future_s:
        raise GateError(
            GateReason.FUTURE_STAMP,
            f"command's image is stamped {-age_s:.3f} s in the future, expected at most "
            f"{limits.max_future_s:g} s: check the clocks, and /clock with use_sim_time",
        )
    if age_s > limits.max_command_age_s:
        raise GateError(
            GateReason.STALE_STAMP,
            f"command was decided on an image {age_s:.3f} s old, expected at most "
            f"{limits.max_command_age_s:g} s: the camera or the policy is too slow",
        )
    if command.stamp_s <= last_stamp_s:
        raise GateError(
            GateReason.STALE_STAMP,
            f"command's image of {command.stamp_s:.3f} s was acted on already "
            f"(last {last_stamp_s:.3f} s), expected a newer one",
        )
    waited_s = now.monotonic_s - command.receipt_s
    if not 0.0 <= waited_s <= limits.max_command_age_s:
        raise GateError(
            GateReason.STALE_RECEIPT,
            f"command waited {waited_s:.3f} s since it arrived, expected at most "
            f"{limits.max_command_age_s:g} s: the gate's machine is overloaded",
        )


def check_joint_state(history: JointHistory, now: Instant, limits: GateLimits) -> FloatArray:
    """Return the latest measured joints (n,) if they are there, sound and fresh on both clocks."""
    _check_heard(history, limits)
    _check_joint_age(history, now, limits)
    return history.latest_rad


def _check_heard(history: JointHistory, limits: GateLimits) -> None:
    if history.problem:
        raise GateError(GateReason.BAD_JOINT_STATE, history.problem)
    if len(history) == 0 and history.others:
        raise GateError(
            GateReason.BAD_JOINT_STATE,
            f"joint_states holds {list(history.others)}, expected {list(limits.joint_names)}: "
            "set joint_names to those of your robot",
        )
    if len(history) == 0:
        raise GateError(
            GateReason.NO_JOINT_STATE,
            f"no joint_states so far, expected {list(limits.joint_names)}: start the robot driver "
            "or remap the topic",
        )


def _check_joint_age(history: JointHistory, now: Instant, limits: GateLimits) -> None:
    by_stamp_s, by_receipt_s = now.ros_s - history.stamp_s, now.monotonic_s - history.receipt_s
    if by_stamp_s < -limits.max_joint_future_s:
        raise GateError(
            GateReason.STALE_JOINT_STATE,
            f"joint state is stamped {-by_stamp_s:.3f} s in the future, expected at most "
            f"{limits.max_joint_future_s:g} s: synchronise the clocks of driver and gate",
        )
    age_s = max(by_stamp_s, by_receipt_s)
    if age_s > limits.max_joint_age_s:
        raise GateError(
            GateReason.STALE_JOINT_STATE,
            f"joint state is {age_s:.3f} s old, expected at most {limits.max_joint_age_s:g} s: "
            "is the robot driver running, do the clocks agree?",
        )


def joints_at(history: JointHistory, stamp_s: float, limits: GateLimits) -> FloatArray:
    """Return the joints (n,) measured at ``stamp_s``."""
    try:
        return history.at(stamp_s, limits.max_joint_gap_s)
    except InputError as error:
        raise GateError(GateReason.STALE_JOINT_STATE, str(error)) from error


def check_workspace(position_m: FloatArray, limits: GateLimits) -> None:
    """Check that a tool position (3,) lies in the workspace box."""
    low, high = np.array(limits.workspace.low_m), np.array(limits.workspace.high_m)
    slack = limits.workspace_slack_m
    if np.any(position_m < low - slack) or np.any(position_m > high + slack):
        raise GateError(
            GateReason.OUTSIDE_WORKSPACE,
            f"target {_text(position_m)} m is outside the workspace "
            f"{low.tolist()} to {high.tolist()} m",
        )


def check_joint_limits(joints_rad: FloatArray, limits: GateLimits) -> None:
    """Check target joints (n,) against the limits less the margin."""
    low, high = limits.low_rad + limits.joint_margin_rad, limits.high_rad - limits.joint_margin_rad
    excess = np.maximum(joints_rad - high, low - joints_rad)
    if np.any(excess > 0.0):
        i = int(np.argmax(excess))
        raise GateError(
            GateReason.JOINT_LIMIT,
            f"{limits.joint_names[i]} would go to {joints_rad[i]:.3f} rad, "
            f"expected within {low[i]:.3f} to {high[i]:.3f} rad",
        )


def check_duration(duration_s: float, limits: GateLimits) -> None:
    """Check that a step at the allowed speeds ends in time; a flip of the elbow does not."""
    if duration_s > limits.max_step_duration_s:
        raise GateError(
            GateReason.JOINT_SPEED,
            f"the step needs {duration_s:.2f} s within the speed limits, expected at most "
            f"{limits.max_step_duration_s:g} s: the arm would have to turn too far",
        )
