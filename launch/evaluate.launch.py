# SPDX-License-Identifier: Apache-2.0
"""Measure a policy by a protocol, on one robot or several, into one report.

    ros2 launch rlcg_policy evaluate.launch.py protocol:=robot1 robots:=4

backend:=sim, mock  starts `robots` simulated cells, each in a namespace and processes of its own
backend:=robot      starts evaluate_node alone: the robots run already, each brought up by its own
                    launch file in one of `namespaces`; people fill the bins and may judge

A run that was cut off goes on with the same words and resume:=latest.
"""

import os
import runpy

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from rlcg_policy import profile
from rlcg_ros.shares import find_share

CELL_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "grasp.launch.py")
CELL = runpy.run_path(CELL_FILE)
# Arguments of grasp.launch.py that this file gives by itself.
OWN = ("evaluate", "grasps", "namespace")
OF_EVALUATION = (
    DeclareLaunchArgument(
        "protocol",
        default_value="robot1",
        choices=["scenes", "robot1", "robot2_single_bin", "robot2_multi_bin"],
        description="What is done how often",
    ),
    DeclareLaunchArgument(
        "grasps",
        default_value="0",
        description="Grasps of each round and slot (scenes: all); 0: the protocol's own number",
    ),
    DeclareLaunchArgument("robots", default_value="1", description="Simulated robots at once"),
    DeclareLaunchArgument(
        "namespaces",
        default_value="",
        description="Namespaces of the robots, by commas; empty: robot_1, robot_2, ...",
    ),
    DeclareLaunchArgument(
        "replacement",
        default_value="protocol",
        choices=["protocol", "with", "without"],
        description="What becomes of a grasped object, if not the protocol's way",
    ),
    DeclareLaunchArgument(
        "outcome_sources",
        default_value="",
        description="Who judges, by commas, the judging one first: simulator, gripper_opening, "
        "image_difference, operator; empty: simulator, for robots gripper_opening",
    ),
    DeclareLaunchArgument(
        "label_timeout_s", default_value="0.0", description="Longest wait for the operator"
    ),
    DeclareLaunchArgument(
        "resume", default_value="", description="Go on with this run: latest, or its folder"
    ),
    DeclareLaunchArgument(
        "profile",
        default_value="",
        description="Profile of the robots; empty: the simulated robot's, for robots kuka_iiwa_lbr",
    ),
    DeclareLaunchArgument(
        "bag_directory",
        default_value="",
        description="Where record_node puts its bags, so that the report names them; also of "
        "recorders that run already; empty: bags, if `record`",
    ),
)


def arguments() -> list[DeclareLaunchArgument]:
    """Return the arguments: those of an evaluation, then those of the cells."""
    known = {*OWN, *(one.name for one in OF_EVALUATION)}
    return [*OF_EVALUATION, *(one for one in CELL["ARGUMENTS"] if one.name not in known)]


def value(context: LaunchContext, name: str) -> str:
    """Return a launch argument as text."""
    return LaunchConfiguration(name).perform(context)


def namespaces(context: LaunchContext) -> list[str]:
    """Return the robots' namespaces; one robot alone needs none."""
    given = [name.strip() for name in value(context, "namespaces").split(",") if name.strip()]
    robots = value(context, "robots")
    if not robots.isdigit() or int(robots) < 1:
        raise RuntimeError(f"found robots:={robots}, expected a whole number from 1 on")
    if given:
        return given
    count = int(robots)
    return [""] if count == 1 else [f"robot_{number}" for number in range(1, count + 1)]


def profile_name(context: LaunchContext) -> str:
    """Return the profile of the robots."""
    usual = value(context, "gate_profile")
    if value(context, "backend") == "robot":
        usual = "kuka_iiwa_lbr"
    return value(context, "profile") or usual


def text(value: str) -> ParameterValue:
    """Return a parameter that stays a text, as the folder 12."""
    return ParameterValue(value, value_type=str)


def bags(context: LaunchContext) -> str:
    """Return the folder of the bags, empty where nothing is recorded."""
    usual = "bags" if value(context, "record") == "true" else ""
    return value(context, "bag_directory") or usual


def profile_topics(context: LaunchContext) -> dict[str, str]:
    """Return the driver's topics by our names."""
    return dict(profile.load(profile.find(profile_name(context), find_share())).topics)


def robot_topics(context: LaunchContext, robots: list[str]) -> dict[str, str]:
    """Return what our names of a robot's topics are remapped to, seen from its namespace.

    An argument wins over the profile's topic.
    """
    known = profile_topics(context)
    found = {}
    for topic in CELL["TOPICS"]:
        if topic.startswith("/"):
            continue
        target = value(context, f"{topic}_topic")
        target = known.get(topic, topic) if target == topic else target
        if len(robots) > 1 and target.startswith("/"):
            raise RuntimeError(
                f"found {topic}_topic:={target} for {len(robots)} robots, expected a name without "
                "'/' at its beginning: each robot has a topic of its own below its namespace"
            )
        found[topic] = target
    return found


def topics(context: LaunchContext, robots: list[str]) -> list[tuple[str, str]]:
    """Return how evaluate_node's names of the robots' topics are remapped."""
    remaps = []
    for topic, target in robot_topics(context, robots).items():
        for robot in robots:
            prefix = f"{robot}/" if robot else ""
            absolute = target.startswith("/")
            remaps.append((prefix + topic, target if absolute else prefix + target))
    return remaps


def recorders(context: LaunchContext, robots: list[str]) -> list[Node]:
    """Return a recorder for each robot that runs already, without which all else goes on."""
    if value(context, "record") != "true":
        return []
    remaps = {**profile_topics(context), **robot_topics(context, robots)}
    return [
        Node(
            package="rlcg_record",
            executable="record_node",
            name="record_node",
            namespace=robot or None,
            parameters=[
                LaunchConfiguration("params_file"),
                {"bag_directory": text(bags(context)), "robot": robot},
            ],
            remappings=list(remaps.items()),
            ros_arguments=["--log-level", ["record_node:=", LaunchConfiguration("log_level")]],
            output="screen",
        )
        for robot in robots
    ]


def cells(context: LaunchContext, robots: list[str]) -> list[GroupAction]:
    """Return the simulated cells; several have a clock each, for each waits for its own robot."""
    found = []
    for robot in robots:
        given = {"namespace": robot, "evaluate": "false", "grasps": "1"}
        if value(context, "record") == "true":
            given["bag_directory"] = bags(context)
        if len(robots) > 1:
            given["clock_topic"] = "clock"
        source = PythonLaunchDescriptionSource(CELL_FILE)
        include = IncludeLaunchDescription(source, launch_arguments=given.items())
        found.append(GroupAction([include]))
    return found


def parameters(context: LaunchContext, robots: list[str]) -> dict:
    """Return the parameters of evaluate_node."""
    simulated = value(context, "backend") != "robot"
    sources = value(context, "outcome_sources") or ("simulator" if simulated else "gripper_opening")
    argument = CELL["argument"]
    texts = ("protocol", "replacement", "backend", "objects", "resume", "run_directory")
    found = {
        **{name: argument(name, str) for name in texts},
        "bag_directory": text(bags(context)),
        **{name: argument(name, int) for name in ("grasps", "seed")},
        "label_timeout_s": argument("label_timeout_s", float),
        "lockstep": simulated and value(context, "lockstep") == "true",
        "profile": profile_name(context),
        "robot": argument("robot", str),
        "drives_base": value(context, "drives") == "true",
        "outcome_sources": [name.strip() for name in sources.split(",")],
    }
    return found if robots == [""] else {**found, "robots": robots}


def evaluate_node(context: LaunchContext, robots: list[str]) -> Node:
    """Return the node that measures; its end is the end of the launch."""
    return Node(
        package="rlcg_policy",
        executable="evaluate_node",
        name="evaluate_node",
        parameters=[LaunchConfiguration("params_file"), parameters(context, robots)],
        remappings=topics(context, robots),
        ros_arguments=["--log-level", ["evaluate_node:=", LaunchConfiguration("log_level")]],
        output="screen",
        on_exit=[Shutdown(reason="evaluate_node ended")],
    )


def nodes(context: LaunchContext) -> list[GroupAction | Node]:
    """Return what is to run."""
    CELL["check"](context)
    robots = namespaces(context)
    simulated = value(context, "backend") != "robot"
    started = cells(context, robots) if simulated else recorders(context, robots)
    return [*started, evaluate_node(context, robots)]


def generate_launch_description() -> LaunchDescription:
    choose, run = (OpaqueFunction(function=one) for one in (CELL["choose"], nodes))
    return LaunchDescription([*arguments(), *CELL["environment"](), choose, run])
