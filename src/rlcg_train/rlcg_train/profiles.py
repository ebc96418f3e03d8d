# SPDX-License-Identifier: Apache-2.0
"""The network profiles: what CEM searches, what is learned, what a rule does.

``goal``: the small grasp-success predictor; a rule carries the goal out. ``goal_robot2``: the same
for that robot, which seeks elsewhere. ``action``: QT-Opt's
network at paper size; the whole action is searched. ``reach`` and ``step``: the whole action, moves
searched and commands tried beside them, as learned by `rlcg_train.qt_opt`; ``reach`` by the small
network, which looks where a move leads, ``step`` by the one at paper size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.cell import ROBOT1, Cell
from rlcg_core.cem import CemSettings, Variable
from rlcg_core.manifest import CemStart
from rlcg_core.robots import ROBOTS, Robot
from rlcg_core.rule import RuleParameters
from rlcg_train.qt_opt import space
from rlcg_train.qt_opt.space import Space

FloatArray = npt.NDArray[np.float64]

ELITES = 6
EDGE_M = 0.02
HOME = np.array([0.57, 0.0, 0.25, 0.0])


@dataclass(frozen=True)
class Profile:
    """One form of policy for one cell.

    ``example(k)``: values of the graph's own inputs for golden case k.
    """

    name: str
    variables: tuple[Variable, ...]
    std_floor: tuple[float, ...]
    iterations: int
    start: CemStart
    learned: tuple[str, ...]
    rule: RuleParameters | None
    example: Callable[[int], dict[str, FloatArray]]
    cell: Cell = ROBOT1

    def cem(self, samples: int = 64, iterations: int | None = None) -> CemSettings:
        """Return the search: QT-Opt's 64 samples and 6 elites unless said otherwise."""
        return CemSettings(
            variables=self.variables,
            samples=samples,
            elites=ELITES,
            iterations=iterations or self.iterations,
            std_floor=self.std_floor,
            answer="best_ever",
        )

    @property
    def by_rule(self) -> tuple[str, ...]:
        """Names of the action's fields that the rule decides."""
        return tuple(name for name in spec.ACTION_NAMES if name not in self.learned)


def _goal_example(case: int, cell: Cell = ROBOT1) -> dict[str, FloatArray]:
    rng = np.random.RandomState(100 + case)
    tool = HOME + rng.uniform(-1, 1, size=4) * (0.1, 0.1, 0.1, 0.4)
    return {"tool_pose": tool, "projection": cell.camera.projection_base_to_px()}


def _action_example(case: int) -> dict[str, FloatArray]:
    rng = np.random.RandomState(100 + case)
    return {"state": np.array([float(case % 2), rng.uniform(0.0, 0.25)])}


def _goal_profile(name: str, robot: Robot) -> Profile:
    area = robot.cell.goal_area
    (cx, cy), (sx, sy) = area.centre_xy_m, area.size_xy_m
    half_x, half_y = sx / 2 - EDGE_M, sy / 2 - EDGE_M
    return Profile(
        name=name,
        variables=(
            Variable("goal_x", "m", cx - half_x, cx + half_x),
            Variable("goal_y", "m", cy - half_y, cy + half_y),
            Variable("goal_yaw", "rad", -np.pi, np.pi),
        ),
        std_floor=(0.004, 0.004, 0.05),
        iterations=3,
        # The area's middle, a spread that fills it.
        start=CemStart(mean0=(cx, cy, 0.0), std0=(sx / 4, sy / 4, 1.2)),
        learned=("displacement_x", "displacement_y", "yaw_change_sin", "yaw_change_cos"),
        rule=robot.rule,
        example=partial(_goal_example, cell=robot.cell),
        cell=robot.cell,
    )


def _action_profile() -> Profile:
    bound_m, turn_rad = spec.DISPLACEMENT_BOUND_M, spec.YAW_BOUND_RAD
    moves = [Variable(f"displacement_{axis}", "m", -bound_m, bound_m) for axis in "xyz"]
    commands = [Variable(name, "1", 0.0, 1.0) for name in ("close", "open", "terminate")]
    return Profile(
        name="action",
        variables=(*moves, Variable("yaw_change", "rad", -turn_rad, turn_rad), *commands),
        std_floor=(0.003, 0.003, 0.003, 0.03, 0.1, 0.1, 0.1),
        iterations=2,
        start=CemStart(
            mean0=(0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5),
            std0=(*(0.5 * bound_m,) * 3, 0.5 * turn_rad, 0.5, 0.5, 0.5),
        ),
        learned=spec.ACTION_NAMES,
        rule=None,
        example=_action_example,
    )


def _whole_example(case: int) -> dict[str, FloatArray]:
    return {**_goal_example(case), **_action_example(case)}


def _whole_profile(name: str, searched: Space) -> Profile:
    return Profile(
        name=name,
        variables=searched.variables,
        std_floor=searched.std_floor,
        iterations=3,
        start=searched.start,
        learned=spec.ACTION_NAMES,
        rule=None,
        example=_whole_example,
    )


GOAL, ACTION = _goal_profile("goal", ROBOTS["robot1"]), _action_profile()
# The grasp-success predictor of each robot.
GOALS = {
    "robot1": GOAL,
    "robot2": _goal_profile("goal_robot2", ROBOTS["robot2"]),
}
REACH, STEP = _whole_profile("reach", space.REACH_SPACE), _whole_profile("step", space.STEP_SPACE)
PROFILES = {profile.name: profile for profile in (*GOALS.values(), ACTION, REACH, STEP)}
