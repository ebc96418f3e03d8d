# SPDX-License-Identifier: Apache-2.0
"""Parameters of evaluate_node."""

from dataclasses import dataclass

from rlcg_core.parameters import param
from rlcg_core.protocol import PROTOCOLS
from rlcg_core.robots import ROBOTS
from rlcg_policy.arm_parameters import DEFAULT_PROFILE

REPLACEMENTS = ("protocol", "with", "without")


@dataclass(frozen=True)
class EvaluateParameters:
    """What to evaluate, who judges it, and where the report goes."""

    protocol: str = param("scenes", "what is done how often", choices=tuple(PROTOCOLS))
    grasps: int = param(
        6,
        "grasps of each round and slot, in protocol scenes all of them; 0: the protocol's own",
        low=0,
        high=65_536,
    )
    replacement: str = param(
        "protocol",
        "what becomes of a grasped object, if not the protocol's way",
        choices=REPLACEMENTS,
    )
    robots: tuple[str, ...] = param(
        ("",), "namespace of each robot, relative to this node's; empty: this node's own"
    )
    outcome_sources: tuple[str, ...] = param(
        ("simulator",),
        "who says whether a grasp succeeded: simulator, gripper_opening, image_difference, "
        "operator; the first one judges, the others are compared with it",
    )
    label_timeout_s: float = param(
        0.0, "longest wait for the operator, wall time; 0: for ever", low=0.0, high=86_400.0
    )
    resume: str = param(
        "",
        "go on with this run: its folder in run_directory, as latest, or a path; empty: a new one",
    )
    seed: int = param(1, "seed of scenes and decisions", low=0, high=2**24 - 1)
    objects: str = param("mixed_test", "object set in the bin")
    backend: str = param("sim", "what the world is; robot: there is no simulator")
    lockstep: bool = param(True, "the world waits for each command, as simulators may")
    robot: str = param("robot1", "whose bins and camera they are", choices=tuple(ROBOTS))
    drives_base: bool = param(False, "base_node drives to each trial's place first")
    profile: str = param(
        DEFAULT_PROFILE, "profile of the robots: a path, or a name in config/profiles"
    )
    run_directory: str = param("runs", "folder of the reports; each run gets its own in it")
    bag_directory: str = param(
        "", "where record_node puts its bags, so that the record names them; empty: none"
    )
    wait_for_nodes_s: float = param(
        30.0, "longest wait for the other nodes, wall time", low=0.1, high=3600.0
    )
    reset_timeout_s: float = param(
        120.0, "longest wait for a reset of the world, wall time", low=1.0, high=3600.0
    )
    home_timeout_s: float = param(
        20.0, "longest wait for the arm to be home, wall time", low=1.0, high=600.0
    )
