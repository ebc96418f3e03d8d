# SPDX-License-Identifier: Apache-2.0
"""Looking at what the gripper holds after an episode: raise, close, see; open, close, see again.

Every step is an action that goes through the gate like the policy's own.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from rlcg_core import spec
from rlcg_core.types import Action, ToolPose

# The policy's own lift ends at 0.2 m; what hangs at this height is off the ground.
RAISED_M = 0.15
# A jaw needs close_time_s of 0.5 s and an object a moment to come to rest: steps of a third of a
# second, the cell's control period.
CLOSE_STEPS, OPEN_STEPS, SHUT_STEPS = 2, 3, 4
MAX_RAISE_STEPS = 12
# What the grasp pushed may roll on for seconds; then the picture is taken all the same.
MAX_REST_STEPS = 24


class Stage(Enum):
    """What is being done."""

    RAISE = "raise"
    CLOSE = "close"
    REST = "rest"
    LOOK = "look"
    OPEN = "open"
    SHUT = "shut"
    LOOK_AGAIN = "look again"


@dataclass(frozen=True)
class Step:
    """One action, and the stage that it belongs to; a look is done before its action is sent."""

    stage: Stage
    action: Action


class DropScript:
    """Gives the steps one after the other, each for the measured tool pose.

    ``drop``: whether what is held is let go at all.
    """

    def __init__(self, floor_z_m: float, drop: bool) -> None:
        self._floor_z_m, self._raised_for = floor_z_m, 0
        self._left = [Stage.CLOSE] * CLOSE_STEPS + [Stage.LOOK]
        if drop:
            before = [Stage.CLOSE] * CLOSE_STEPS + [Stage.REST] * MAX_REST_STEPS + [Stage.LOOK]
            after = [Stage.OPEN] * OPEN_STEPS + [Stage.SHUT] * SHUT_STEPS + [Stage.LOOK_AGAIN]
            self._left = before + after

    def next(self, tool: ToolPose, resting: bool = False) -> Step | None:
        """Return the next step; None is the end of the script.

        ``resting``: nothing in the picture moves any more, so that there is no more to wait for.
        """
        height_m = float(tool.position_m[2]) - self._floor_z_m
        if height_m < RAISED_M and self._raised_for < MAX_RAISE_STEPS:
            self._raised_for += 1
            rise_m = min(spec.DISPLACEMENT_BOUND_M, RAISED_M + 0.01 - height_m)
            return Step(Stage.RAISE, Action(np.array([0.0, 0.0, rise_m]), close=True))
        if not self._left:
            return None
        while resting and self._left[0] is Stage.REST:
            self._left.pop(0)
        stage = self._left.pop(0)
        opens = stage is Stage.OPEN
        last = not self._left
        # Closing goes on while looking: a hold would command the opening that was measured.
        return Step(stage, Action(np.zeros(3), close=not opens, open=opens, terminate=last))
