# SPDX-License-Identifier: Apache-2.0
"""Bring a robot up: camera_node -> policy_node -> arm_node, all set by one robot profile.

    ros2 launch rlcg_policy robot.launch.py profile:=kuka_iiwa_lbr camera_info_url:=file:///cam.yaml

The drivers of arm and gripper run already. Nothing moves before an operator sends a goal to the
action policy_node/grasp. Swapping the simulator for a robot is another profile: its topics are the
remaps. profile:=sim use_sim_time:=true camera:=none runs it before a sim_node of your own.
"""

import os
import runpy

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace, SetParameter, SetRemap
from launch_ros.parameter_descriptions import ParameterValue

from rlcg_core.robots import ROBOTS
from rlcg_policy import profile
from rlcg_ros.shares import find_share

HERE = os.path.dirname(os.path.abspath(__file__))
OF_CELLS = runpy.run_path(os.path.join(HERE, "cell_arguments.py"))["ARGUMENTS"]
# Arguments that grasp.launch.py has too.
SHARED_ARGUMENTS = (
    "robot",
    "model",
    "rate_hz",
    "params_file",
    "record",
    "bag_directory",
    "namespace",
)
# Parameters of a profile that policy_node needs too.
SHARED = (
    "urdf",
    "base_frame",
    "tool_frame",
    "joint_names",
    "gripper_joint",
    "gripper_opening_max_m",
    "workspace_low_m",
    "workspace_high_m",
)
# Arguments that win over the profile where they are given, and the node parameter of each.
OVERRIDES = {"speed_scale": float, "command_mode": str, "gripper_mode": str}
# The same for policy_node and the parameter file.
SERVING = ("plan", "provider")
DDS_PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
OF_ROBOTS = (
    DeclareLaunchArgument(
        "profile",
        default_value="kuka_iiwa_lbr",
        description="Robot profile: a name in config/profiles, or the path of your own",
    ),
    DeclareLaunchArgument(
        "camera",
        default_value="camera_node",
        choices=["camera_node", "none"],
        description="Who publishes pictures: our camera_node, or a driver of its own",
    ),
    DeclareLaunchArgument(
        "video_device",
        default_value="/dev/video0",
        description="Camera: a device, an address, a file, or a folder of pictures",
    ),
    DeclareLaunchArgument("framerate", default_value="10.0", description="Pictures per second"),
    DeclareLaunchArgument(
        "camera_info_url", default_value="", description="Calibration, as file:///path.yaml"
    ),
    DeclareLaunchArgument(
        "camera_frame_id",
        default_value="camera_optical_frame",
        description="Optical frame of the pictures",
    ),
    DeclareLaunchArgument(
        "use_sim_time", default_value="false", description="Take time from /clock"
    ),
    DeclareLaunchArgument("log_level", default_value="info", description="Log level of the nodes"),
)


def arguments() -> list[DeclareLaunchArgument]:
    """Return the arguments, those that are used most first."""
    declared = [*OF_ROBOTS, *(one for one in OF_CELLS if one.name in SHARED_ARGUMENTS)]
    for name in OVERRIDES:
        declared.append(
            DeclareLaunchArgument(
                name, default_value="", description=f"{name} of arm_node; empty: the profile's"
            )
        )
    for name in SERVING:
        declared.append(
            DeclareLaunchArgument(
                name,
                default_value="",
                description=f"{name} of policy_node; empty: the parameter "
                "file's, or what measures best",
            )
        )
    for topic in profile.TOPICS:
        declared.append(
            DeclareLaunchArgument(
                f"{topic}_topic",
                default_value="",
                description=f"Topic {topic}; empty: the profile's",
            )
        )
    return declared


def value(context: LaunchContext, name: str) -> str:
    """Return a launch argument as text."""
    return LaunchConfiguration(name).perform(context)


def text(context: LaunchContext, name: str) -> ParameterValue:
    """Return a launch argument as a parameter that stays a text, as the video device 0."""
    return ParameterValue(value(context, name), value_type=str)


def number(context: LaunchContext, name: str) -> float:
    """Return a launch argument as a number."""
    try:
        return float(value(context, name))
    except ValueError:
        raise RuntimeError(f"found {name}:={value(context, name)}, expected a number") from None


def overrides(context: LaunchContext) -> dict:
    """Return the parameters of arm_node that arguments give."""
    given = {name: kind for name, kind in OVERRIDES.items() if value(context, name)}
    return {
        name: number(context, name) if kind is float else value(context, name)
        for name, kind in given.items()
    }


def remaps(context: LaunchContext, robot: profile.Profile) -> list[SetRemap]:
    """Return the robot's topics: the argument's, else the profile's, else our own name."""
    wanted = {
        name: value(context, f"{name}_topic") or robot.topics.get(name, "")
        for name in profile.TOPICS
    }
    return [SetRemap(name, topic) for name, topic in wanted.items() if topic]


def node(context: LaunchContext, executable: str, parameters: dict) -> Node:
    """Return a node whose end is the end of the launch."""
    level = value(context, "log_level")
    return Node(
        package="rlcg_policy",
        executable=executable,
        name=executable,
        parameters=[value(context, "params_file"), {"autostart": True, **parameters}],
        ros_arguments=["--log-level", f"{executable}:={level}"],
        output="screen",
        on_exit=[Shutdown(reason=f"{executable} ended")],
    )


def recorders(context: LaunchContext, robot: profile.Profile) -> list[Node]:
    """Return the recorder, without which everything else goes on, or none."""
    if value(context, "record") != "true":
        return []
    found = {
        "bag_directory": text(context, "bag_directory"),
        "robot": value(context, "namespace") or robot.name,
    }
    return [
        Node(
            package="rlcg_record",
            executable="record_node",
            name="record_node",
            parameters=[value(context, "params_file"), found],
            ros_arguments=["--log-level", f"record_node:={value(context, 'log_level')}"],
            output="screen",
        )
    ]


def nodes(context: LaunchContext, robot: profile.Profile, path: str) -> list[Node]:
    """Return the nodes; a stop goes through them from the last to the first."""
    rate_hz = number(context, "rate_hz")
    camera = {
        "video_device": text(context, "video_device"),
        "framerate": number(context, "framerate"),
        "camera_info_url": text(context, "camera_info_url"),
        "frame_id": text(context, "camera_frame_id"),
    }
    gate = {"profile": path, "control_rate_hz": rate_hz, **overrides(context)}
    shared = {name: robot.parameters[name] for name in SHARED if name in robot.parameters}
    lists = {name: list(one) for name, one in shared.items() if isinstance(one, tuple)}
    known = value(context, "robot")
    model = value(context, "model") or ROBOTS[known].model
    policy = {
        "model": ParameterValue(model, value_type=str),
        "robot": known,
        "rate_hz": rate_hz,
        **shared,
        **lists,
    }
    policy |= {name: text(context, name) for name in SERVING if value(context, name)}
    ours = value(context, "camera") == "camera_node"
    made = [node(context, "camera_node", camera)] if ours else []
    made.append(node(context, "arm_node", gate))
    if robot.parameters.get("mobile_base"):
        made.append(node(context, "base_node", {"robot": known}))
    return [*made, node(context, "policy_node", policy)]


def dds(robot: profile.Profile) -> list[SetEnvironmentVariable]:
    """Return the DDS profile for robots, unless the user has one.

    That of simulation keeps DDS within this machine, which would hide a robot's drivers.
    """
    theirs = [os.environ.get(name, "") for name in DDS_PROFILES]
    if robot.name == "sim" or any(path and "fastdds_shm_only" not in path for path in theirs):
        return []
    path = str(find_share() / "config" / "fastdds_robot.xml")
    return [SetEnvironmentVariable(name, path) for name in DDS_PROFILES]


def bring_up(context: LaunchContext) -> list[GroupAction | SetEnvironmentVariable]:
    """Return the whole graph for the profile that was asked for."""
    path = profile.find(value(context, "profile"), find_share())
    robot = profile.load(path)
    scope = [
        PushRosNamespace(value(context, "namespace")),
        SetParameter("use_sim_time", value(context, "use_sim_time") == "true"),
        *remaps(context, robot),
        *recorders(context, robot),
        *nodes(context, robot, str(path)),
    ]
    return [*dds(robot), GroupAction(scope)]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*arguments(), OpaqueFunction(function=bring_up)])
