# SPDX-License-Identifier: Apache-2.0
"""Why something ended: enumerations whose values travel in messages and reports.

Values are part of the wire format: add at the end, never renumber.
"""

from enum import IntEnum


class TerminationReason(IntEnum):
    """Why a grasp episode ended: the mechanics, not whether an object was grasped."""

    NONE = 0
    POLICY_TERMINATED = 1
    STEP_LIMIT = 2
    TIME_LIMIT = 3
    CANCELLED = 4
    NO_IMAGE = 5
    STALE_IMAGE = 6
    FROZEN_IMAGE = 7
    BAD_IMAGE = 8
    NO_JOINT_STATE = 9
    STALE_JOINT_STATE = 10
    BAD_JOINT_STATE = 11
    GATE_STOPPED = 12
    LOW_CONFIDENCE = 13
    POLICY_FAULT = 14
    SHUTDOWN = 15

    @property
    def is_fault(self) -> bool:
        """Whether somebody should look into it before the arm moves again."""
        return self not in _IN_GOOD_ORDER


_IN_GOOD_ORDER = (
    TerminationReason.NONE,
    TerminationReason.POLICY_TERMINATED,
    TerminationReason.STEP_LIMIT,
    TerminationReason.TIME_LIMIT,
    TerminationReason.CANCELLED,
    TerminationReason.LOW_CONFIDENCE,
    TerminationReason.SHUTDOWN,
)


class Outcome(IntEnum):
    """What a grasp attempt achieved. INVALID attempts are counted apart from failures."""

    UNKNOWN = 0
    SUCCESS = 1
    FAILURE = 2
    INVALID = 3


class GateReason(IntEnum):
    """Why the gate let a command pass (OK) or stopped the arm."""

    OK = 0
    NOT_ACTIVE = 1
    NOT_FINITE = 2
    STALE_STAMP = 3
    FUTURE_STAMP = 4
    STALE_RECEIPT = 5
    SPEC_MISMATCH = 6
    WRONG_FRAME = 7
    NO_JOINT_STATE = 8
    STALE_JOINT_STATE = 9
    BAD_JOINT_STATE = 10
    STEP_TOO_LARGE = 11
    OUTSIDE_WORKSPACE = 12
    JOINT_LIMIT = 13
    JOINT_SPEED = 14
    UNREACHABLE = 15
    DEADMAN = 16
    LATCHED = 17
    SHUTDOWN = 18
    OPERATOR_STOP = 19
    BUSY = 20
    REPLAY = 21
    EMERGENCY_STOP = 22
    WRONG_ROBOT = 23
    POLICY_FAULT = 24
    BASE_MOVES = 25
    STALE_ODOMETRY = 26
    EPISODE_RUNS = 27
    BASE_LOST = 28


class GateState(IntEnum):
    """What the gate does with commands; only READY lets one pass.

    HOLDING: active, but the measured joint state was lost. STOPPED: latched, a human resets it.
    INACTIVE: the robot is not there or not identified yet, or the node was deactivated.
    """

    READY = 0
    HOLDING = 1
    STOPPED = 2
    INACTIVE = 3


class WorldReason(IntEnum):
    """Why a world service did not do what was asked."""

    OK = 0
    UNKNOWN_OBJECTS = 1
    NEVER_SETTLED = 2
    NOT_SUPPORTED = 3
    FAULT = 4
