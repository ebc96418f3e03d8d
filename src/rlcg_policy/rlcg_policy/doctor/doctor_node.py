# SPDX-License-Identifier: Apache-2.0
"""The doctor's node: it subscribes, reads parameters and states, and publishes nothing.

It has no /rosout and no services. What every node of rclpy has, a publisher of its own parameter
events, is all that it could say.
"""

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from rlcg_core.errors import ConfigError
from rlcg_core.evidence import Graph, Heard
from rlcg_core.types import FloatArray
from rlcg_policy.camera.codec import decode_picture
from rlcg_policy.doctor.wiring import Names, resolved
from rlcg_ros.ear import Ear, Topics
from rlcg_ros.graph import endpoints, full_name, mismatches
from rlcg_ros.questions import Questions
from rlcg_ros.shares import find_share

# Within shared memory nodes find each other in 0.1 to 0.8 s, later under load. A graph that has the
# nodes that are waited for, and stands still, is complete.
FIND_S, STILL_S = 1.0, 0.5
ASK_AGAIN_S = 0.3
PARAMETERS = (
    "bag_directory",
    "camera_position_m",
    "camera_quaternion_xyzw",
    "control_rate_hz",
    "lockstep",
    "max_image_age_s",
    "min_free_mb",
    "model",
    "profile",
    "rate_hz",
    "use_sim_time",
)
_SPIN_S = 0.05
# The convention of ROS for nodes of tools, as the daemon of ros2: lists leave them out.
_HIDDEN = "_"


class Look:
    """A look at the running graph."""

    def __init__(self, node: Node, executor: SingleThreadedExecutor) -> None:
        self._node, self._executor = node, executor
        self._questions = Questions(node, PARAMETERS)
        self.middleware = rclpy.get_rmw_implementation_identifier()

    def first_graph(self, awaited: Collection[str], patience_s: float) -> Graph:
        """Return the graph once it stands still and the nodes have answered.

        ``awaited``: full names of nodes that have ``patience_s`` to be found, and then to answer.
        """
        self._discover(set(awaited), patience_s)
        there = set(self._node_names()).intersection(awaited)
        self._questions.ask(self._executor, there, patience_s)
        return self._graph()

    def listen(
        self,
        names: Names,
        namespace: str,
        listen_s: float,
        transform_camera_to_base: FloatArray | None,
    ) -> tuple[Graph, Heard]:
        """Return the graph after ``listen_s``, and what came until then.

        The camera's pose (4, 4) is not in its messages; without it, it is that of the base frame.
        """
        ear = Ear(self._node, _topics(names, namespace))
        end_s, ask_s = time.monotonic() + listen_s, 0.0
        while (now_s := time.monotonic()) < end_s:
            self._spin(min(end_s - now_s, _SPIN_S))
            if now_s > ask_s:  # others than those awaited, and those that were slow
                self._questions.send(self._node_names())
                ask_s = now_s + ASK_AGAIN_S
        pose = np.eye(4) if transform_camera_to_base is None else transform_camera_to_base
        return self._graph(), ear.heard(pose)

    def _discover(self, awaited: set[str], patience_s: float) -> None:
        begun_s = changed_s = time.monotonic()
        seen: object = None
        while (now_s := time.monotonic()) - begun_s < FIND_S + patience_s:
            self._spin(_SPIN_S)
            nodes, node = self._node_names(), self._node
            found = (nodes, node.get_topic_names_and_types(), node.get_service_names_and_types())
            if found != seen:
                seen, changed_s = found, now_s
            elif now_s - changed_s > STILL_S and awaited <= set(nodes):
                return

    def _graph(self) -> Graph:
        """Return the graph as it is now, without the doctor."""
        own = self._node.get_fully_qualified_name()
        topics = sorted(name for name, _ in self._node.get_topic_names_and_types())
        pairs = [pair for topic in topics for pair in mismatches(self._node, topic)]
        return Graph(
            tuple(self._node_names()),
            tuple(e for t in topics for e in endpoints(self._node, t) if e.node != own),
            tuple(pair for pair in pairs if not pair.involves(own)),
            self._questions.parameters,
            self._questions.states,
        )

    def _spin(self, timeout_s: float) -> None:
        self._executor.spin_once(timeout_sec=timeout_s)

    def _node_names(self) -> list[str]:
        found = self._node.get_node_names_and_namespaces()
        return sorted(full_name(*one) for one in found if not one[0].startswith(_HIDDEN))


def installed_share() -> Path:
    """Return share/rlcg_policy; raises `ConfigError` where it is not installed."""
    return find_share()


@contextmanager
def looking(namespace: str) -> Iterator[Look]:
    """Give a look at the graph for as long as it is needed.

    Raises:
        ConfigError: ROS cannot start with this environment or namespace.
    """
    context = Context()
    try:
        rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
        node = _silent_node(context, namespace)
    except Exception as error:  # rclpy has a different exception for each bad word
        context.try_shutdown()
        raise ConfigError(f"ROS cannot start: {' '.join(str(error).split())}") from error
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        yield Look(node, executor)
    finally:
        executor.shutdown()
        node.destroy_node()
        context.try_shutdown()


def _silent_node(context: Context, namespace: str) -> Node:
    return Node(
        f"{_HIDDEN}rlcg_doctor_{os.getpid()}",
        context=context,
        namespace=namespace,
        use_global_arguments=False,
        enable_rosout=False,
        start_parameter_services=False,
        parameter_overrides=[Parameter("start_type_description_service", value=False)],
    )


def _topics(names: Names, namespace: str) -> Topics:
    return Topics(
        images=names.topics["image_raw"],
        infos=names.topics["camera_info"],
        joints=names.topics["joint_states"],
        gate=resolved(namespace, "gate_status"),
        policy_node=resolved(namespace, "policy_node"),
        decode=decode_picture if names.compressed else None,
    )
