# SPDX-License-Identifier: Apache-2.0
"""Grasp: camera pixels -> policy_node -> grasp_command -> arm_node -> joint_trajectory.

robot:=robot1   a Kuka before one bin
robot:=robot2   the same arm on a mobile base before three bins, which base_node drives

backend:=sim    the cell in PyBullet; evaluate_node runs `grasps` grasps, reports, ends it all
backend:=mock   the same without physics, for a first contact
backend:=robot  policy_node and arm_node alone; camera, robot and gripper drivers run elsewhere, and
                an operator sends goals to the action policy_node/grasp

Every topic has an argument <name>_topic. `ros2 launch rlcg_policy grasp.launch.py --show-args`
lists all arguments; without an installed ROS 2 it is `rlcg launch` with the same words.
"""

import os
import runpy

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    GroupAction,
    OpaqueFunction,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
    Shutdown,
)
from launch.conditions import IfCondition
from launch.substitutions import (
    EnvironmentVariable,
    LaunchConfiguration,
    PathJoinSubstitution,
    PythonExpression,
)
from launch_ros.actions import Node, PushRosNamespace, SetParameter, SetRemap
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from rlcg_core.robots import ROBOTS

HERE = os.path.dirname(os.path.abspath(__file__))
DECLARED = runpy.run_path(os.path.join(HERE, "cell_arguments.py"))
TOPICS, ARGUMENTS = DECLARED["TOPICS"], DECLARED["ARGUMENTS"]

CONFIG = [FindPackageShare("rlcg_policy"), "config"]
SHM_ONLY = PathJoinSubstitution([*CONFIG, "fastdds_shm_only.xml"])
FOR_ROBOTS = PathJoinSubstitution([*CONFIG, "fastdds_robot.xml"])
# Fast DDS 2 reads the older name only.
FAST_DDS_2 = os.environ.get("ROS_DISTRO") in ("humble", "iron", "jazzy")
DDS_PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE" if FAST_DDS_2 else "FASTDDS_DEFAULT_PROFILES_FILE"

BACKEND = LaunchConfiguration("backend")
IS_ROBOT = PythonExpression(["'", BACKEND, "' == 'robot'"])
IS_SIMULATED = PythonExpression(["'", BACKEND, "' != 'robot'"])


def simulated_and(name: str) -> PythonExpression:
    """Return whether the cell is simulated and this launch argument true."""
    return PythonExpression([IS_SIMULATED, " and '", LaunchConfiguration(name), "' == 'true'"])


LOCKSTEP = simulated_and("lockstep")
IN_LOCKSTEP = ParameterValue(LOCKSTEP, value_type=bool)
IS_RECORDED = IfCondition(LaunchConfiguration("record"))
# Launch argument, empty for the robot's own -> the field of rlcg_core.robots.Robot.
OF_ROBOT = {"model": "model", "objects": "test_objects", "gate_profile": "profile"}


def environment() -> list[SetEnvironmentVariable]:
    """Return what the nodes need in their environment."""
    given = EnvironmentVariable(DDS_PROFILE, default_value="")
    not_theirs = ["('", given, "' == '' or 'fastdds_shm_only' in '", given, "')"]
    return [
        # Lines of Python nodes appear when they are printed.
        SetEnvironmentVariable("PYTHONUNBUFFERED", "1"),
        # Images in shared memory, nothing on the network, unless the user has a profile.
        SetEnvironmentVariable(
            DDS_PROFILE,
            EnvironmentVariable(DDS_PROFILE, default_value=SHM_ONLY),
            condition=IfCondition(IS_SIMULATED),
        ),
        # A robot's drivers often run on another computer: the profile of simulation hides them.
        SetEnvironmentVariable(
            DDS_PROFILE,
            FOR_ROBOTS,
            condition=IfCondition(PythonExpression([IS_ROBOT, " and ", *not_theirs])),
        ),
    ]


def argument(name: str, kind: type) -> ParameterValue:
    """Return the launch argument as a node parameter of this type."""
    return ParameterValue(LaunchConfiguration(name), value_type=kind)


def longer_in_lockstep(limit_s: float) -> ParameterValue:
    """Return a time limit [s] as a parameter, so much longer where the simulation waits."""
    chosen = PythonExpression(["10.0 if ", LOCKSTEP, f" else {limit_s}"])
    return ParameterValue(chosen, value_type=float)


def node(
    package: str,
    executable: str,
    parameters: dict,
    condition: IfCondition | None = None,
    vital: bool = True,
) -> Node:
    """Return a node; the end of a vital one is the end of the launch."""
    return Node(
        package=package,
        executable=executable,
        name=executable,
        parameters=[LaunchConfiguration("params_file"), parameters],
        ros_arguments=["--log-level", [executable, ":=", LaunchConfiguration("log_level")]],
        output="screen",
        on_exit=[Shutdown(reason=f"{executable} ended")] if vital else None,
        condition=condition,
    )


def choose(context: LaunchContext) -> list[SetLaunchConfiguration]:
    """Fill in what the robot brings of its own where no argument was given."""
    robot = ROBOTS[LaunchConfiguration("robot").perform(context)]
    given = {name: LaunchConfiguration(name, default="").perform(context) for name in OF_ROBOT}
    chosen = {name: given[name] or getattr(robot, field) for name, field in OF_ROBOT.items()}
    chosen["drives"] = "true" if robot.cell.base is not None else "false"
    return [SetLaunchConfiguration(name, value) for name, value in chosen.items()]


def recorder() -> Node:
    """Return the recorder, without which everything else goes on."""
    found = {"bag_directory": argument("bag_directory", str), "robot": argument("namespace", str)}
    return node("rlcg_record", "record_node", found, IS_RECORDED, vital=False)


def sim_node() -> Node:
    """Return the simulated cell."""
    physics = PythonExpression(["'mock' if '", BACKEND, "' == 'mock' else 'pybullet'"])
    found = {
        "robot": argument("robot", str),
        "parked": argument("drives", bool),
        "backend": ParameterValue(physics, value_type=str),
        "gui": argument("gui", bool),
        "image_rate_hz": argument("rate_hz", float),
        "lockstep": IN_LOCKSTEP,
        "objects": argument("objects", str),
        "renderer": argument("renderer", str),
        "seed": argument("seed", int),
        "world": argument("world", str),
    }
    return node("rlcg_sim", "sim_node", found, IfCondition(IS_SIMULATED))


def arm_node() -> Node:
    """Return the gate of the arm."""
    found = {
        "autostart": True,
        "control_rate_hz": argument("rate_hz", float),
        "profile": argument("gate_profile", str),
    }
    return node("rlcg_policy", "arm_node", found)


def base_node() -> Node:
    """Return the gate of a mobile base."""
    found = {
        "robot": argument("robot", str),
        "lockstep": IN_LOCKSTEP,
        # As with frames: in lock-step nothing moves while a slow machine is late.
        "max_odometry_age_s": longer_in_lockstep(0.5),
    }
    return node("rlcg_policy", "base_node", found, IfCondition(LaunchConfiguration("drives")))


def policy_node() -> Node:
    """Return the policy."""
    found = {
        "robot": argument("robot", str),
        "autostart": True,
        "lockstep": IN_LOCKSTEP,
        # In lock-step the next frame may wait for a slow machine, and nothing moves meanwhile.
        "max_silence_s": longer_in_lockstep(0.8),
        "model": argument("model", str),
        "plan": argument("plan", str),
        "deadline_ms": argument("deadline_ms", float),
        "rate_hz": argument("rate_hz", float),
    }
    return node("rlcg_policy", "policy_node", found)


def evaluate_node() -> Node:
    """Return who sends the goals and reports."""
    found = {
        "robot": argument("robot", str),
        "profile": argument("gate_profile", str),
        "drives_base": argument("drives", bool),
        "backend": argument("backend", str),
        "bag_directory": argument("recorded_in", str),
        "grasps": argument("grasps", int),
        "objects": argument("objects", str),
        "run_directory": argument("run_directory", str),
        "seed": argument("seed", int),
    }
    return node("rlcg_policy", "evaluate_node", found, IfCondition(simulated_and("evaluate")))


def nodes() -> list[Node]:
    """Return the nodes; a stop goes through them from the last to the first."""
    return [recorder(), sim_node(), arm_node(), base_node(), policy_node(), evaluate_node()]


def check(context: LaunchContext) -> None:
    """Refuse values that no node could use, before any node runs."""
    for name, kind in {"grasps": int, "seed": int, "rate_hz": float, "deadline_ms": float}.items():
        value = LaunchConfiguration(name).perform(context)
        try:
            kind(value)
        except ValueError:
            expected = "a whole number" if kind is int else "a number"
            raise RuntimeError(f"found {name}:={value}, expected {expected}") from None
    path = LaunchConfiguration("params_file").perform(context)
    if not os.path.isfile(path):
        raise RuntimeError(f"found no file at params_file:={path}, expected a parameter file")


def check_cell(context: LaunchContext) -> None:
    """Refuse the same and, unlike an evaluation by a protocol with its own number, no grasps."""
    check(context)
    grasps = LaunchConfiguration("grasps").perform(context)
    if int(grasps) < 1:
        raise RuntimeError(f"found grasps:={grasps}, expected at least 1")


def generate_launch_description() -> LaunchDescription:
    remaps = [SetRemap(topic, LaunchConfiguration(f"{topic.strip('/')}_topic")) for topic in TOPICS]
    scope = [
        SetLaunchConfiguration("recorded_in", ""),
        SetLaunchConfiguration(
            "recorded_in", LaunchConfiguration("bag_directory"), condition=IS_RECORDED
        ),
        PushRosNamespace(LaunchConfiguration("namespace")),
        SetParameter("use_sim_time", IS_SIMULATED),
        *remaps,
        OpaqueFunction(function=choose),
        *nodes(),
    ]
    return LaunchDescription(
        [*ARGUMENTS, OpaqueFunction(function=check_cell), *environment(), GroupAction(scope)]
    )
