# SPDX-License-Identifier: Apache-2.0
"""What other nodes answer about themselves: some of their parameters, and their lifecycle state."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.client import Client
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python

_SPIN_S = 0.02
# A node that does not know yet who asks drops its answer: ask again.
_RETRY_S = 0.7


@dataclass
class _Question:
    """A request to a service of node ``of``; ``take`` gets the node's name and the answer."""

    of: str
    client: Client
    request: Any
    take: Callable[[str, Any], None]
    sent_s: float = float("-inf")
    answered: bool = False

    def send(self) -> None:
        """Send the request if the service is there, and it was not sent a moment ago."""
        now_s = time.monotonic()
        if now_s - self.sent_s > _RETRY_S and self.client.service_is_ready():
            self.sent_s = now_s
            self.client.call_async(self.request).add_done_callback(self._done)

    def _done(self, future: Any) -> None:
        if not self.answered:
            self.answered = True
            self.take(self.of, future.result())


class Questions:
    """Asks nodes, given by their full names, and keeps what they answer.

    ``parameters``: per node that answered, those of ``names`` that it has. ``states``: per managed
    node, the label of its state. Nodes that have not the services are not asked.
    """

    def __init__(self, node: Node, names: Collection[str]) -> None:
        self.parameters: dict[str, dict[str, Any]] = {}
        self.states: dict[str, str] = {}
        self._node, self._names = node, names
        self._questions: dict[str, _Question] = {}

    def ask(self, executor: Executor, awaited: Collection[str], timeout_s: float) -> None:
        """Spin until ``awaited`` have answered, and what was asked of others; or time is up."""
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            self.send(awaited)
            questions = self._questions.values()
            if self.parameters.keys() >= set(awaited) and all(q.answered for q in questions):
                return
            executor.spin_once(timeout_sec=_SPIN_S)

    def send(self, nodes: Collection[str]) -> None:
        """Send what has not been answered; answers come while spinning."""
        there = {name for name, _ in self._node.get_service_names_and_types()}
        for of in nodes:
            for kind, name, take in (
                (ListParameters, f"{of}/list_parameters", self._listed),
                (GetState, f"{of}/get_state", self._told_state),
            ):
                if name in there:
                    self._add(of, name, kind, kind.Request(), take)
        for question in self._questions.values():
            if not question.answered:
                question.send()

    def _add(
        self, of: str, service: str, kind: Any, request: Any, take: Callable[[str, Any], None]
    ) -> None:
        if service not in self._questions:
            client = self._node.create_client(kind, service)
            self._questions[service] = _Question(of, client, request, take)

    def _listed(self, of: str, answer: Any) -> None:
        names = [name for name in answer.result.names if name in self._names]

        def got(of: str, answer: Any) -> None:
            values = [parameter_value_to_python(value) for value in answer.values]
            self.parameters[of] = dict(zip(names, values, strict=True))

        request = GetParameters.Request(names=names)
        self._add(of, f"{of}/get_parameters", GetParameters, request, got)

    def _told_state(self, of: str, answer: Any) -> None:
        self.states[of] = answer.current_state.label
