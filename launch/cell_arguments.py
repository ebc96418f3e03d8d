# SPDX-License-Identifier: Apache-2.0
"""The arguments of grasp.launch.py, those that are used most first; other launch files have some.

It is no launch file itself: those beside it read it.
"""

from launch.actions import DeclareLaunchArgument
from launch.substitutions import PathJoinSubstitution
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

ARGUMENTS = (
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
    *(
        DeclareLaunchArgument(
            f"{topic.strip('/')}_topic", default_value=topic, description=f"Topic: {what}"
        )
        for topic, what in TOPICS.items()
    ),
)
