# SPDX-License-Identifier: Apache-2.0
"""What a policy chooses in one step: a pose to move towards, or a command to the gripper.

A move names a target pose anywhere in the workspace; one step covers as much of the way as the
spec's bounds allow. So the action that is carried out is QT-Opt's bounded displacement, while what
is chosen, and what a network looks at, is where the way leads. Commands move nothing.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from rlcg_core import reach, spec
from rlcg_core.cell import ROBOT1
from rlcg_core.types import Action, Observation

FloatArray = npt.NDArray[np.float64]

# Targets: x, y [m] within the bin, height above the tray [m], yaw [rad] that the wrist can take.
TARGET_LOW: FloatArray = np.array([*ROBOT1.workspace.low_m[:2], reach.LOWEST_M, -1.9])
TARGET_HIGH: FloatArray = np.array([*ROBOT1.workspace.high_m[:2], reach.HIGHEST_M, 1.9])
STEP_BOUND: FloatArray = np.array([spec.DISPLACEMENT_BOUND_M] * 3 + [spec.YAW_BOUND_RAD])


class Command(IntEnum):
    """What a step is: at most one of the spec's commands, or a move."""

    MOVE = 0
    CLOSE = 1
    OPEN = 2
    TERMINATE = 3


@dataclass(frozen=True)
class Choice:
    """A command and, for a move, its target (4,): x, y, height above the tray [m], yaw [rad].

    ``explored``: drawn at random, so that what follows says nothing about the policy.
    """

    command: Command
    target: FloatArray
    explored: bool = False


def pose_of(observation: Observation) -> FloatArray:
    """Return where the tool is (4,): x, y, height above the tray [m], yaw [rad]."""
    tool = observation.tool_pose
    return np.array([*tool.position_m[:2], observation.height_above_tray_m, tool.yaw_rad])


def move(target: npt.ArrayLike, explored: bool = False) -> Choice:
    """Return a move towards a target (4,), cut to what targets may be."""
    inside = np.clip(np.asarray(target, np.float64), TARGET_LOW, TARGET_HIGH)
    return Choice(Command.MOVE, inside, explored)


def give(command: Command, observation: Observation, explored: bool = False) -> Choice:
    """Return a command; its target is where the tool is."""
    return Choice(command, pose_of(observation), explored)


def action_of(choice: Choice, observation: Observation) -> Action:
    """Return the spec's action: a step on the way to the target, or the command alone."""
    if choice.command is not Command.MOVE:
        return Action(
            np.zeros(3),
            close=choice.command is Command.CLOSE,
            open=choice.command is Command.OPEN,
            terminate=choice.command is Command.TERMINATE,
        )
    step = np.clip(choice.target - pose_of(observation), -STEP_BOUND, STEP_BOUND)
    return Action(step[:3], float(step[3]))


def near_yaw(yaw_rad: float, now_rad: float) -> float:
    """Return ``yaw_rad`` + k pi within the wrist's range, nearest to the present yaw.

    A jaw of two fingers is the same after half a turn.
    """
    options = np.array([yaw_rad + k * np.pi for k in range(-3, 4)])
    possible = options[(options >= TARGET_LOW[3]) & (options <= TARGET_HIGH[3])]
    return float(possible[np.argmin(np.abs(possible - now_rad))])
