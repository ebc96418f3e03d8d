# SPDX-License-Identifier: Apache-2.0
"""The rule that carries out a learned grasp goal: align, descend, close, lift, terminate.

A grasp-success predictor (Levine et al. 2016) learns where to grasp: Q(image, goal x, y, yaw).
Everything else of the action is decided here, by pure functions of the observation, the goal and
a small memory. Heights are of the tool tip above the tray bottom.

Phases: ``approach`` (move to the goal, not below ``align_height_m``) -> ``descend`` (go down) ->
``close`` -> ``lift`` -> ``terminate``. The network is asked in the first two only: it searches the
whole bin in the first frame and near its last goal from then on.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.errors import ConfigError
from rlcg_core.types import Action, Observation, ToolPose

FloatArray = npt.NDArray[np.float64]


class Phase(Enum):
    """What the rule is doing."""

    APPROACH = "approach"
    DESCEND = "descend"
    CLOSE = "close"
    LIFT = "lift"
    TERMINATE = "terminate"


@dataclass(frozen=True)
class RuleParameters:
    """Numbers of the rule; they travel in the model's manifest.

    ``yaw_low_rad`` and ``yaw_high_rad`` bound the tool yaw that the wrist is sent to.
    ``local_std`` is the CEM start of the refinement, in the order of the CEM variables.
    ``stall_steps`` descending steps without progress of ``stall_m`` mean that the gripper stands
    on something: it closes there.
    """

    align_height_m: float = 0.10
    align_tolerance_m: float = 0.015
    align_tolerance_rad: float = 0.15
    grasp_height_m: float = 0.012
    height_tolerance_m: float = 0.004
    lift_height_m: float = 0.20
    dz_max_m: float = spec.DISPLACEMENT_BOUND_M
    close_steps: int = 2
    stall_steps: int = 3
    stall_m: float = 0.003
    yaw_low_rad: float = -1.9
    yaw_high_rad: float = 1.9
    local_std: tuple[float, ...] = (0.004, 0.004, 0.06)

    def __post_init__(self) -> None:
        if not 0.0 < self.dz_max_m <= spec.DISPLACEMENT_BOUND_M:
            raise ConfigError(f"dz_max_m is {self.dz_max_m}, expected within the spec's 0.06 m")
        if not 0.0 <= self.grasp_height_m < self.align_height_m < self.lift_height_m:
            raise ConfigError("expected 0 <= grasp_height_m < align_height_m < lift_height_m")
        if self.yaw_high_rad - self.yaw_low_rad < math.pi or self.close_steps < 1:
            raise ConfigError("expected a yaw range of at least pi and close_steps >= 1")
        if self.stall_steps < 1 or min(self.local_std, default=0.0) <= 0.0:
            raise ConfigError("expected stall_steps >= 1 and local_std > 0")


@dataclass(frozen=True)
class RuleMemory:
    """What the rule remembers between two steps of one episode."""

    phase: Phase = Phase.APPROACH
    goal: ToolPose | None = None
    lowest_m: float = math.inf
    stalled: int = 0
    closed_for: int = 0

    @property
    def needs_goal(self) -> bool:
        """Whether this phase asks the network for a goal."""
        return self.phase in (Phase.APPROACH, Phase.DESCEND)


def cem_start(
    memory: RuleMemory, rule: RuleParameters, mean0: npt.ArrayLike, std0: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return where CEM begins: ``mean0, std0`` in the first frame, then near the last goal.

    A search everywhere in every frame would jump between objects of nearly equal Q, and the arm
    would dither between them until the step limit.
    """
    if memory.goal is not None:
        goal = memory.goal
        return np.array([*goal.position_m[:2], goal.yaw_rad]), np.array(rule.local_std)
    return np.array(mean0, dtype=np.float64), np.array(std0, dtype=np.float64)


def goal_pose(
    goal_xy_yaw: npt.ArrayLike, observation: Observation, rule: RuleParameters
) -> ToolPose:
    """Return the goal (x [m], y [m], yaw [rad]) as a pose at grasp height that the wrist can take.

    A two-finger gripper is symmetric under half a turn, so the equivalent yaw nearest to the
    tool's present yaw is chosen, within the rule's yaw range.
    """
    x_m, y_m, yaw_rad = np.asarray(goal_xy_yaw, dtype=np.float64)
    pose = observation.tool_pose
    floor_z_m = pose.position_m[2] - observation.height_above_tray_m
    position_m = np.array([x_m, y_m, floor_z_m + rule.grasp_height_m])
    return ToolPose(position_m, equivalent_yaw(float(yaw_rad), pose.yaw_rad, rule))


def equivalent_yaw(yaw_rad: float, near_rad: float, rule: RuleParameters) -> float:
    """Return ``yaw_rad`` + k pi within the yaw range, nearest to ``near_rad``."""
    first = math.ceil((rule.yaw_low_rad - yaw_rad) / math.pi - 1e-9)
    last = math.floor((rule.yaw_high_rad - yaw_rad) / math.pi + 1e-9)
    options = [yaw_rad + k * math.pi for k in range(first, last + 1)]
    return min(options, key=lambda option: abs(option - near_rad))


def step(
    memory: RuleMemory, rule: RuleParameters, observation: Observation, goal: ToolPose | None
) -> tuple[Action, RuleMemory]:
    """Return the action of this step and the memory for the next one.

    ``goal`` comes from `goal_pose` and is needed while ``memory.needs_goal``; the other phases
    ignore it. The phase of the returned memory is the one that the action belongs to.
    """
    # Whatever was commanded last, an episode begins with an open jaw.
    opens = memory.goal is None or observation.gripper_closed
    memory = _enter(memory, rule, observation, goal)
    if memory.phase is Phase.TERMINATE:
        return Action(np.zeros(3), terminate=True), memory
    if memory.phase is Phase.LIFT:
        dz_m = _clip(rule.lift_height_m - observation.height_above_tray_m, rule.dz_max_m)
        return Action(np.array([0.0, 0.0, dz_m]), close=True), memory
    if memory.phase is Phase.CLOSE:
        action = Action(np.zeros(3), close=True)
        return action, replace(memory, closed_for=memory.closed_for + 1)
    return replace(_servo(memory, rule, observation), open=opens), memory


def _enter(
    memory: RuleMemory, rule: RuleParameters, observation: Observation, goal: ToolPose | None
) -> RuleMemory:
    """Take the new goal and every phase change that the observation allows, in order."""
    height_m = observation.height_above_tray_m
    if memory.needs_goal:
        if goal is None:
            raise ConfigError(f"phase {memory.phase.value} needs a goal from the network, got none")
        memory = replace(memory, goal=goal)
    if memory.phase is Phase.APPROACH and _aligned(observation.tool_pose, goal, rule):
        memory = replace(memory, phase=Phase.DESCEND)
    if memory.phase is Phase.DESCEND:
        memory = _note_progress(memory, rule, height_m)
        low = height_m <= rule.grasp_height_m + rule.height_tolerance_m
        if low or memory.stalled >= rule.stall_steps:
            return replace(memory, phase=Phase.CLOSE)
    if memory.phase is Phase.CLOSE and memory.closed_for >= rule.close_steps:
        memory = replace(memory, phase=Phase.LIFT)
    if memory.phase is Phase.LIFT and height_m >= rule.lift_height_m - rule.height_tolerance_m:
        memory = replace(memory, phase=Phase.TERMINATE)
    return memory


def _note_progress(memory: RuleMemory, rule: RuleParameters, height_m: float) -> RuleMemory:
    if height_m < memory.lowest_m - rule.stall_m:
        return replace(memory, lowest_m=height_m, stalled=0)
    return replace(memory, stalled=memory.stalled + 1)


def _aligned(tool: ToolPose, goal: ToolPose | None, rule: RuleParameters) -> bool:
    if goal is None:
        return False
    distance_m = float(np.hypot(*(goal.position_m[:2] - tool.position_m[:2])))
    turn_rad = abs(goal.yaw_rad - tool.yaw_rad)
    return distance_m < rule.align_tolerance_m and turn_rad < rule.align_tolerance_rad


def _servo(memory: RuleMemory, rule: RuleParameters, observation: Observation) -> Action:
    """Step towards the goal; only a descending tool goes below the align height."""
    goal, tool = memory.goal, observation.tool_pose
    assert goal is not None  # _enter took it
    descending = memory.phase is Phase.DESCEND
    target_m = rule.grasp_height_m if descending else rule.align_height_m
    bound_m = spec.DISPLACEMENT_BOUND_M
    step_xy_m = np.clip(goal.position_m[:2] - tool.position_m[:2], -bound_m, bound_m)
    dz_m = _clip(target_m - observation.height_above_tray_m, rule.dz_max_m)
    turn_rad = _clip(goal.yaw_rad - tool.yaw_rad, spec.YAW_BOUND_RAD)
    return Action(np.array([*step_xy_m, dz_m]), turn_rad)


def _clip(value: float, bound: float) -> float:
    return min(max(value, -bound), bound)
