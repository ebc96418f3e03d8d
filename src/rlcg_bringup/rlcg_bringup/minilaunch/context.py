# SPDX-License-Identifier: Apache-2.0
"""The state that a launch description is visited with: arguments, environment, handlers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlcg_bringup.minilaunch.service import LaunchService


class LaunchContext:
    """Launch configurations and environment in nested scopes, and the service that runs processes.

    Attributes:
        launch_configurations: Values of the current scope by name. Besides text it holds, under the
            names that launch_ros uses, the pushed namespace, parameters and remappings.
        environment: Environment variables that processes started from here on get.
        service: Runs processes and timers, handles events.
        launch_file: Path of the launch file being visited.
    """

    def __init__(self, service: LaunchService) -> None:
        self.launch_configurations: dict[str, Any] = {}
        self.environment: dict[str, str] = dict(os.environ)
        self.service = service
        self.launch_file = ""
        self._scopes: list[tuple[dict[str, Any], dict[str, str]]] = []

    def push(self) -> None:
        """Open a scope: what is set from here on ends with it."""
        self._scopes.append((dict(self.launch_configurations), dict(self.environment)))

    def pop(self) -> None:
        """End the scope that was opened last."""
        self.launch_configurations, self.environment = self._scopes.pop()

    def extended(self, name: str, items: Iterable[Any]) -> None:
        """Append items to the list in launch configuration `name`, in this scope alone."""
        self.launch_configurations[name] = [*self.launch_configurations.get(name, []), *items]

    def perform_substitution(self, substitution: Any) -> str:  # noqa: D102 - launch's own name
        return str(substitution.perform(self))
