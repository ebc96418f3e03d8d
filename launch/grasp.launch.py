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

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
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

# Names in the nodes, to be remapped: <name>_topic:=/lbr/joint_states
TOPICS = {
    "image_raw": "camera image, sensor_msgs/Image",
    "camera_info": "its calibration, sensor_msgs/CameraInfo",
    "joint_states": "measured joints, sensor_msgs/JointState",
    "grasp_command": "decisions of policy_node, rlcg_msgs/GraspCommand",
    "joint_trajectory": "commands to the arm, trajectory_msgs/JointTrajectory",
    "gripper_command": "commands to the gripper, trajectory_msgs/JointTrajectory",
    "cmd_vel": "commands to a mobile base, geometry_msgs/TwistStamped",
    "odom": "where it is, nav_msgs/Odometry",
    "/diagnostics": "health of the nodes, diagnostic_msgs/DiagnosticArray",
    "/clock": "time of the simulation, rosgraph_msgs/Clock",
}

CONFIG = [FindPackageShare("rlcg_policy"), "config"]
SHM_ONLY = PathJoinSubstitution([*CONFIG, "fastdds_shm_only.xml"])
FOR_ROBOTS = PathJoinSubstitution([*CONFIG, "fastdds_robot.xml"])
# Fast DDS 2 reads the older name only.
FAST_DDS_2 = os.environ.get("ROS_DISTRO") in ("humble", "iron", "jazzy")
DDS_PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE" if FAST_DDS_2 else "FASTDDS_DEFAULT_PROFILES_FILE"

BACKEND = LaunchConfiguration("backend")
IS_ROBOT = PythonExpression(["'", BACKEND, "' == 'robot'"])
IS_SIMULATED = PythonExpression(["'", BACKEND, "' != 'robot'"])
IS_RECORDED = IfCondition(LaunchConfiguration("record"))
# Launch argument, empty for the robot's own -> the field of rlcg_core.robots.Robot.
OF_ROBOT = {"model": "model", "objects": "test_objects", "gate_profile": "profile"}


def arguments() -> list[DeclareLaunchArgument]:
    """Return the arguments, those that are used most first."""
    declared = [
        DeclareLaunchArgument(
            "backend",
            default_value="sim",
            choices=["sim", "mock", "robot"],
            description="The world: PyBullet, a mock without physics, or a real robot",
        ),
        DeclareLaunchArgument(
            "robot",
            default_value="robot1",
            choices=list(ROBOTS),
            description="Which body, bins and objects; robot2 stands on a mobile base",
        ),
        DeclareLaunchArgument(
            "grasps", default_value="6", description="How many grasps to evaluate (sim, mock)"
        ),
        DeclareLaunchArgument(
            "seed", default_value="1", description="Seed of scenes and decisions (sim, mock)"
        ),
        DeclareLaunchArgument(
            "model",
            default_value="",
            description="Model bundle: a name in models/ or a path; empty: the robot's own",
        ),
        DeclareLaunchArgument(
            "plan",
            default_value="cpu-float32",
            description="What runs the model: cpu-float32 decides alike on every machine; auto "
            "measures what this one has and takes the fastest that is good enough",
        ),
        DeclareLaunchArgument(
            "deadline_ms",
            default_value="0.0",
            description="Greatest search that decides within this time; 0: the full one",
        ),
        DeclareLaunchArgument(
            "objects",
            default_value="",
            description="Object set in the bins (sim, mock); empty: the robot's own",
        ),
        DeclareLaunchArgument(
            "world",
            default_value="sim",
            description="What the cell looks like (sim): sim, randomized_mild, randomized_medium, "
            "randomized_heavy, canonical, real_proxy",
        ),
        DeclareLaunchArgument(
            "gui",
            default_value="false",
            choices=["true", "false"],
            description="Open PyBullet's window (sim); needs a display",
        ),
        DeclareLaunchArgument(
            "renderer",
            default_value="auto",
            choices=["auto", "egl", "tiny"],
            description="Renderer of the camera (sim): auto takes EGL where it loads",
        ),
        DeclareLaunchArgument(
            "lockstep",
            default_value="true",
            choices=["true", "false"],
            description="The simulation waits for each command: repeatable; else real time",
        ),
        DeclareLaunchArgument(
            "rate_hz", default_value="3.0", description="Decisions per second of the closed loop"
        ),
        DeclareLaunchArgument(
            "evaluate",
            default_value="true",
            choices=["true", "false"],
            description="Run evaluate_node; else the cell waits for goals (sim, mock)",
        ),
        DeclareLaunchArgument(
            "run_directory",
            default_value="runs",
            description="Folder for the reports; each run gets a folder of its own in it",
        ),
        DeclareLaunchArgument(
            "record",
            default_value="false",
            choices=["true", "false"],
            description="Run record_node: a bag per grasp, which the report names",
        ),
        DeclareLaunchArgument(
            "bag_directory",
            default_value="bags",
            description="Folder of the bags, each in a folder of its own (record)",
        ),
        DeclareLaunchArgument(
            "namespace", default_value="", description="ROS namespace of all nodes and topics"
        ),
        DeclareLaunchArgument(
            "params_file",
            default_value=PathJoinSubstitution(
                [FindPackageShare("rlcg_policy"), "config", "grasp.yaml"]
            ),
            description="Parameter file for all nodes; the arguments here win over it",
        ),
        DeclareLaunchArgument(
            "log_level",
            default_value="info",
            choices=["debug", "info", "warn", "error", "fatal"],
            description="Log level of the nodes",
        ),
    ]
    for topic, what in TOPICS.items():
        declared.append(
            DeclareLaunchArgument(
                f"{topic.strip('/')}_topic", default_value=topic, description=f"Topic: {what}"
            )
        )
    return declared


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


def nodes() -> list[Node]:
    """Return the nodes; a stop goes through them from the last to the first."""
    physics = PythonExpression(["'mock' if '", BACKEND, "' == 'mock' else 'pybullet'"])
    lockstep = PythonExpression(
        [IS_SIMULATED, " and '", LaunchConfiguration("lockstep"), "' == 'true'"]
    )
    evaluates = PythonExpression(
        [IS_SIMULATED, " and '", LaunchConfiguration("evaluate"), "' == 'true'"]
    )
    seed, objects = argument("seed", int), argument("objects", str)
    robot, drives = argument("robot", str), argument("drives", bool)
    sim = {
        "robot": robot,
        "parked": drives,
        "backend": ParameterValue(physics, value_type=str),
        "gui": argument("gui", bool),
        "image_rate_hz": argument("rate_hz", float),
        "lockstep": ParameterValue(lockstep, value_type=bool),
        "objects": objects,
        "renderer": argument("renderer", str),
        "seed": seed,
        "world": argument("world", str),
    }
    arm = {
        "autostart": True,
        "control_rate_hz": argument("rate_hz", float),
        "profile": argument("gate_profile", str),
    }
    base = {
        "robot": robot,
        "lockstep": ParameterValue(lockstep, value_type=bool),
        # As with frames: in lock-step nothing moves while a slow machine is late.
        "max_odometry_age_s": ParameterValue(
            PythonExpression(["10.0 if ", lockstep, " else 0.5"]), value_type=float
        ),
    }
    policy = {
        "robot": robot,
        "autostart": True,
        "lockstep": ParameterValue(lockstep, value_type=bool),
        # In lock-step the next frame may wait for a slow machine, and nothing moves meanwhile.
        "max_silence_s": ParameterValue(
            PythonExpression(["10.0 if ", lockstep, " else 0.8"]), value_type=float
        ),
        "model": argument("model", str),
        "plan": argument("plan", str),
        "deadline_ms": argument("deadline_ms", float),
        "rate_hz": argument("rate_hz", float),
    }
    evaluate = {
        "robot": robot,
        "profile": argument("gate_profile", str),
        "drives_base": drives,
        "backend": argument("backend", str),
        "bag_directory": argument("recorded_in", str),
        "grasps": argument("grasps", int),
        "objects": objects,
        "run_directory": argument("run_directory", str),
        "seed": seed,
    }
    return [
        recorder(),
        node("rlcg_sim", "sim_node", sim, IfCondition(IS_SIMULATED)),
        node("rlcg_policy", "arm_node", arm),
        node("rlcg_policy", "base_node", base, IfCondition(LaunchConfiguration("drives"))),
        node("rlcg_policy", "policy_node", policy),
        node("rlcg_policy", "evaluate_node", evaluate, IfCondition(evaluates)),
    ]


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
        [*arguments(), OpaqueFunction(function=check_cell), *environment(), GroupAction(scope)]
    )
