# SPDX-License-Identifier: Apache-2.0
"""One grasp attempt in the simulator: choose a goal, carry it out by the rule, see what came."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core import rule as grasp_rule
from rlcg_core.gate_checks import GateError
from rlcg_core.reasons import Outcome
from rlcg_core.types import ImageArray, Observation
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld

FloatArray = npt.NDArray[np.float64]

STEP_LIMIT = 20

GoalChooser = Callable[[Observation, grasp_rule.RuleMemory], FloatArray]


@dataclass(frozen=True)
class Frame:
    """A recorded instant: picture (512, 640, 3) and tool pose (4,) of x, y, z [m], yaw [rad]."""

    image_hwc: ImageArray
    tool_pose: FloatArray


@dataclass(frozen=True)
class Attempt:
    """A finished attempt.

    ``grasp_pose`` (3,): x, y [m] and yaw [rad] where the jaw closed, known in hindsight.
    """

    frames: tuple[Frame, ...]
    grasp_pose: FloatArray
    outcome: Outcome
    steps: int


def run_attempt(
    world: PyBulletWorld,
    stepper: CellStepper,
    choose: GoalChooser,
    rule: grasp_rule.RuleParameters,
    look: Callable[[int], bool],
) -> Attempt:
    """Run one attempt in a world that was just reset.

    ``choose`` is asked for a goal while the rule needs one; ``look(step)`` says at which servo
    steps a picture is taken (its observation has a black one otherwise).
    """
    stepper.restart()
    memory, frames, grasp_pose = grasp_rule.RuleMemory(), [], np.full(3, np.nan)
    outcome = Outcome.FAILURE
    for step in range(STEP_LIMIT):
        seen = memory.needs_goal and look(step)
        observation = stepper.observe(with_image=seen)
        tool = observation.tool_pose
        pose = np.array([*tool.position_m, tool.yaw_rad])
        goal = None
        if memory.needs_goal:
            goal = grasp_rule.goal_pose(choose(observation, memory), observation, rule)
        if seen:
            frames.append(Frame(observation.image_hwc, pose))
        action, memory = grasp_rule.step(memory, rule, observation, goal)
        if memory.phase is grasp_rule.Phase.CLOSE and np.isnan(grasp_pose[0]):
            grasp_pose = pose[[0, 1, 3]]
        if memory.phase is grasp_rule.Phase.TERMINATE:
            outcome = world.outcome()
            break
        try:
            stepper.perform(action)
        except GateError:
            break  # what the gate refuses is a failure of the policy that wanted it
    return Attempt(tuple(frames), grasp_pose, outcome, step + 1)
