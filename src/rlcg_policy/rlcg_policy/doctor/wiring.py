# SPDX-License-Identifier: Apache-2.0
"""Which topics the nodes use, and whether publishers and subscriptions of them meet."""

from collections.abc import Mapping
from dataclasses import dataclass

from rlcg_core.connections import Endpoint
from rlcg_core.evidence import Graph
from rlcg_policy.doctor.finding import Findings

# What a grasp needs at least.
NODES = ("policy_node", "arm_node")
IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
INFO, JOINTS = "sensor_msgs/msg/CameraInfo", "sensor_msgs/msg/JointState"
TRAJECTORY, NUMBERS = "trajectory_msgs/msg/JointTrajectory", "std_msgs/msg/Float64MultiArray"
# Names that a profile or --topics may map, and the types that our nodes use on them.
TYPES = {
    "image_raw": (IMAGE,),
    "camera_info": (INFO,),
    "joint_states": (JOINTS,),
    "estop": ("std_msgs/msg/Bool",),
    "joint_trajectory": (TRAJECTORY,),
    "joint_positions": (NUMBERS,),
    "target_twist": ("geometry_msgs/msg/TwistStamped",),
    "target_pose": ("geometry_msgs/msg/PoseStamped",),
    "gripper_command": (TRAJECTORY, NUMBERS),
}
COMMANDS = ("joint_trajectory", "joint_positions", "target_twist", "target_pose", "gripper_command")
COMMAND_TYPES = {kind for name in COMMANDS for kind in TYPES[name]}
INPUT_TYPES = (IMAGE, COMPRESSED, INFO, JOINTS)
# Nodes that listen to everything: that they do is no sign of a driver.
ONLOOKERS = ("record_node", "foxglove_bridge", "rosbag2_recorder")


@dataclass(frozen=True)
class Names:
    """Full names of the topics: those of TYPES, and ``compressed`` if pictures come so."""

    topics: Mapping[str, str]
    compressed: bool = False


def resolved(namespace: str, name: str) -> str:
    """Return the full name of a topic or node given relative to the namespace."""
    if name.startswith("/"):
        return name
    return f"/{namespace.strip('/')}/{name}" if namespace.strip("/") else f"/{name}"


def names(
    graph: Graph, given: Mapping[str, str], of_profile: Mapping[str, str], namespace: str
) -> Names:
    """Return where to listen: as ``given``, else where the nodes do, else as the profile says."""
    policy, arm = resolved(namespace, "policy_node"), resolved(namespace, "arm_node")
    found = dict(of_profile)
    compressed = _subscribed(graph, policy, COMPRESSED)
    for name, node, kind in (
        ("image_raw", policy, IMAGE),
        ("camera_info", policy, INFO),
        ("joint_states", arm, JOINTS),
    ):
        used = _subscribed(graph, node, kind)
        found |= {name: used} if used else {}
    found |= {"image_raw": compressed} if compressed else {}
    found |= given
    topics = {name: resolved(namespace, found.get(name, name)) for name in TYPES}
    return Names(topics, bool(compressed) and "image_raw" not in given)


def _subscribed(graph: Graph, node: str, kind: str) -> str:
    """Return the topic of this type that a node subscribes, empty if it does not."""
    for one in graph.endpoints:
        if one.node == node and one.type_name == kind and not one.publishes:
            return one.topic
    return ""


def check_types(report: Findings, graph: Graph, wired: Names) -> None:
    """Add publishers and subscriptions of a type that our nodes do not use on that topic."""
    told = {side for m in graph.mismatches for side in (m.publisher, m.subscription)}
    expected = {wired.topics[name]: kinds for name, kinds in TYPES.items()}
    if wired.compressed:
        expected[wired.topics["image_raw"]] = (COMPRESSED,)
    for one in graph.endpoints:
        kinds = expected.get(one.topic, (one.type_name,))
        if one.type_name not in kinds and one not in told:
            report.error(
                "types",
                f"{one.does} {one.type_name} on {one.topic}",
                " or ".join(kinds),
                "nothing passes: set the other node's type, or remap the topic",
            )


def check_mismatches(report: Findings, graph: Graph, ours: tuple[str, ...]) -> None:
    """Add each publisher and subscription that cannot hear each other; foreign ones warn."""
    for pair in graph.mismatches:
        add = report.error if any(pair.involves(node) for node in ours) else report.warning
        add("connections", str(pair), "", "set qos_overrides, or the driver's QoS or type")
    if not graph.mismatches:
        topics = {one.topic for one in graph.endpoints}
        report.ok("connections", f"{len(topics)} topics, QoS and types fit on all of them")


def check_inputs(report: Findings, graph: Graph, ours: tuple[str, ...]) -> None:
    """Add topics of sensors that our nodes read and nobody publishes."""
    for one in graph.endpoints:
        wanted = one.node in ours and one.type_name in INPUT_TYPES and not one.publishes
        if wanted and not graph.sides(one.topic, publishes=True):
            remedy = "start the driver, or remap the topic to its name"
            report.absent("inputs", f"nobody publishes {one.topic}, which {one.node} reads", remedy)


def check_commands(report: Findings, graph: Graph, arm_node: str) -> None:
    """Add topics of commands that nobody obeys, and those that others publish on as well."""
    for one in graph.endpoints:
        if one.node != arm_node or one.type_name not in COMMAND_TYPES or not one.publishes:
            continue
        others = {e.node for e in graph.sides(one.topic, publishes=True)} - {arm_node}
        if others:
            report.error(
                "commands",
                f"{', '.join(sorted(others))} publish on {one.topic} too",
                f"{arm_node} alone: it holds the limits",
                "end the others, or let SROS 2 keep them away",
            )
        if not [e for e in graph.sides(one.topic, publishes=False) if not _looks_on(e)]:
            remedy = "start the robot's driver, or remap the topic to its name"
            text = f"nobody takes {one.topic}, which {arm_node} publishes"
            report.absent("commands", text, remedy)


def _looks_on(one: Endpoint) -> bool:
    return one.node.rpartition("/")[2].startswith(ONLOOKERS)
