# SPDX-License-Identifier: Apache-2.0
"""The robots of the papers by name: all that differs between them, as data in one place.

Spec, networks, training commands, bundles, nodes and launch files are the same for both. Bodies:
`rlcg_core.cell`; here is what is learned and measured with each.
"""

from dataclasses import dataclass

from rlcg_core.cell import ROBOT1, ROBOT2, Cell
from rlcg_core.errors import ConfigError
from rlcg_core.rule import RuleParameters


@dataclass(frozen=True)
class Robot:
    """A body, what it grasps, how the rule carries a grasp out, and the files that go with it.

    ``model``: the bundle that ships; ``profile``: its limits in config/profiles.
    """

    cell: Cell
    rule: RuleParameters
    train_objects: str
    test_objects: str
    model: str
    profile: str


ROBOTS = {
    "robot1": Robot(
        cell=ROBOT1,
        rule=RuleParameters(),
        train_objects="mixed_train",
        test_objects="mixed_test",
        model="robot1_grasp_success",
        profile="sim",
    ),
    # Household shapes stand higher than prisms, and handles of utensils lie lower.
    "robot2": Robot(
        cell=ROBOT2,
        rule=RuleParameters(
            align_height_m=0.14,
            grasp_height_m=0.007,
            height_tolerance_m=0.003,
            lift_height_m=0.24,
        ),
        train_objects="household_train",
        test_objects="household_test",
        model="robot2_grasp_success",
        profile="sim_robot2",
    ),
}


def robot(name: str) -> Robot:
    """Return a robot by name; raises `ConfigError`."""
    if name not in ROBOTS:
        raise ConfigError(f"robot is {name!r}, expected one of {', '.join(ROBOTS)}")
    return ROBOTS[name]
