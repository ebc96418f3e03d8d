# SPDX-License-Identifier: Apache-2.0
"""What other nodes answer about themselves: some of their parameters, and their lifecycle state."""

import time
from collections.abc import Collection, Sequence
from typing import Any

from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python

_SPIN_S = 0.02


class Questions:
    """Asks nodes, given by their full names, and keeps what they answer.

    ``parameters``: per node that answered, those of ``names`` that it has. ``states``: per managed
    node, the label of its state.
    """

    def __init__(self, node: Node, nodes: Sequence[str], names: Collection[str]) -> None:
        self.parameters: dict[str, dict[str, Any]] = {}
        self.states: dict[str, str] = {}
        self._node, self._names = node, names
        there = {name for name, _ in node.get_service_names_and_types()}
        kinds = (
            (ListParameters, "list_parameters", self._listed),
            (GetState, "get_state", self._told_state),
        )
        self._waiting = [
            (one, node.create_client(kind, f"{one}/{service}"), kind.Request(), take)
            for one in nodes
            for kind, service, take in kinds
            if f"{one}/{service}" in there
        ]
        self._open = len(self._waiting)

    def ask(self, executor: Executor, timeout_s: float) -> None:
        """Spin until all have answered, or time is up."""
        end_s = time.monotonic() + timeout_s
        while self._open and time.monotonic() < end_s:
            self.send()
            executor.spin_once(timeout_sec=_SPIN_S)

    def send(self) -> None:
        """Send the questions whose service has been found by now; answers come while spinning."""
        ready = [one for one in self._waiting if one[1].service_is_ready()]
        self._waiting = [one for one in self._waiting if one not in ready]
        for of, client, request, take in ready:
            future = client.call_async(request)
            future.add_done_callback(lambda done, of=of, take=take: take(of, done.result()))

    def _listed(self, of: str, answer: Any) -> None:
        names = [name for name in answer.result.names if name in self._names]

        def got(of: str, answer: Any) -> None:
            values = [parameter_value_to_python(value) for value in answer.values]
            self.parameters[of] = dict(zip(names, values, strict=True))
            self._open -= 1

        client = self._node.create_client(GetParameters, f"{of}/get_parameters")
        self._waiting.append((of, client, GetParameters.Request(names=names), got))

    def _told_state(self, of: str, answer: Any) -> None:
        self.states[of] = answer.current_state.label
        self._open -= 1
