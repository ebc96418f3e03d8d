# SPDX-License-Identifier: Apache-2.0
"""The parameters of other nodes, asked for when they appear, kept as text for the record."""

from collections.abc import Mapping, Sequence
from typing import Any

from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python

from rlcg_ros.clocks import wall_timer

ASK_S = 2.0


class ParameterReader:
    """Asks each node once for all of its parameters, and again after it was away.

    ``known`` maps ``parameters/<node>`` to texts by parameter; a node that never answered is not
    in it.
    """

    def __init__(self, node: Node, names: Sequence[str]) -> None:
        self._node = node
        self._list = {n: node.create_client(ListParameters, f"{n}/list_parameters") for n in names}
        self._get = {n: node.create_client(GetParameters, f"{n}/get_parameters") for n in names}
        self._asked: set[str] = set()
        self.known: Mapping[str, Mapping[str, str]] = {}
        wall_timer(node, ASK_S, self._ask)

    def _ask(self) -> None:
        for name, client in self._list.items():
            if not client.service_is_ready():
                self._asked.discard(name)
            elif name not in self._asked:
                self._asked.add(name)
                future = client.call_async(ListParameters.Request())
                future.add_done_callback(lambda done, name=name: self._listed(name, done.result()))

    def _listed(self, name: str, answer: Any) -> None:
        names = list(answer.result.names)
        future = self._get[name].call_async(GetParameters.Request(names=names))
        future.add_done_callback(lambda done: self._got(name, names, done.result()))

    def _got(self, name: str, names: list[str], answer: Any) -> None:
        values = [parameter_value_to_python(value) for value in answer.values]
        texts = {n: str(value) for n, value in zip(names, values, strict=True)}
        # Another thread reads it, so it is replaced whole.
        self.known = {**self.known, f"parameters/{name}": texts}
