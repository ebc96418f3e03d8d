# SPDX-License-Identifier: Apache-2.0
"""The actions of launch_ros: a node, and what holds for all nodes of a scope."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

from rlcg_bringup.minilaunch.context import LaunchContext
from rlcg_bringup.minilaunch.entities import Action
from rlcg_bringup.minilaunch.errors import LaunchError
from rlcg_bringup.minilaunch.parameters import evaluate, file_arguments
from rlcg_bringup.minilaunch.process import ExecuteProcess
from rlcg_bringup.minilaunch.substitutions import (
    SomeSubstitutions,
    find_prefix,
    normalize,
    perform,
)

# launch_ros keeps these among the launch configurations, under the same names.
NAMESPACE, PARAMETERS, REMAPS = "ros_namespace", "global_params", "ros_remaps"


class PushRosNamespace(Action):
    """Puts the nodes of this scope into a namespace, below the one that is there."""

    def __init__(self, namespace: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.namespace = normalize(namespace)

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        pushed = perform(context, self.namespace)
        base = context.launch_configurations.get(NAMESPACE)
        context.launch_configurations[NAMESPACE] = joined_namespace(base, pushed)


class SetParameter(Action):
    """Sets a parameter for the nodes of this scope; a node's own parameters win."""

    def __init__(self, name: SomeSubstitutions, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name, self.value = normalize(name), value

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        name = perform(context, self.name)
        context.extended(PARAMETERS, [(name, evaluate(name, self.value, context))])


class SetRemap(Action):
    """Remaps a name for the nodes of this scope."""

    def __init__(self, src: SomeSubstitutions, dst: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.src, self.dst = normalize(src), normalize(dst)

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        context.extended(REMAPS, [(perform(context, self.src), perform(context, self.dst))])


class Node(ExecuteProcess):
    """Starts an executable of a package as a node, with name, namespace, parameters and remaps."""

    is_node = True

    def __init__(
        self,
        *,
        package: SomeSubstitutions,
        executable: SomeSubstitutions,
        name: SomeSubstitutions | None = None,
        namespace: SomeSubstitutions | None = None,
        exec_name: SomeSubstitutions | None = None,
        parameters: Iterable[Any] | None = None,
        remappings: Iterable[tuple[SomeSubstitutions, SomeSubstitutions]] | None = None,
        ros_arguments: Iterable[SomeSubstitutions] | None = None,
        arguments: Iterable[SomeSubstitutions] | None = None,
        **kwargs: Any,
    ) -> None:
        if "cmd" in kwargs:
            raise TypeError("Node() takes executable and arguments, not cmd")
        super().__init__(cmd=[], name=exec_name, **kwargs)
        self.package, self.executable = normalize(package), normalize(executable)
        self.node_name, self.namespace = name, namespace
        self.parameters = list(parameters or [])
        self.remappings = list(remappings or [])
        self.ros_arguments = list(ros_arguments or [])
        self.extra_arguments = list(arguments or [])

    def arguments(self, context: LaunchContext) -> list[str]:
        """Return the command line that launch_ros would make."""
        name = None if self.node_name is None else perform(context, self.node_name)
        namespace = self._namespace(context)
        arguments = [self._executable(context)]
        arguments += [perform(context, argument) for argument in self.extra_arguments]
        if self.ros_arguments:
            arguments.append("--ros-args")
            arguments += [perform(context, argument) for argument in self.ros_arguments]
        arguments.append("--ros-args")
        if name is not None:
            arguments += ["-r", f"__node:={name}"]
        if namespace is not None:
            arguments += ["-r", f"__ns:={namespace}"]
        for parameter, value in context.launch_configurations.get(PARAMETERS, []):
            arguments += ["-p", f"{parameter}:={value}"]
        full_name = (
            "/**" if name is None or namespace is None else f"{namespace.rstrip('/')}/{name}"
        )
        folder = context.service.folder
        arguments += file_arguments(full_name, self.parameters, context, folder)
        for src, dst in self._remaps(context):
            arguments += ["-r", f"{src}:={dst}"]
        return arguments

    def _remaps(self, context: LaunchContext) -> list[tuple[str, str]]:
        own = [(perform(context, src), perform(context, dst)) for src, dst in self.remappings]
        return [*context.launch_configurations.get(REMAPS, []), *own]

    def _namespace(self, context: LaunchContext) -> str | None:
        base = context.launch_configurations.get(NAMESPACE)
        if self.namespace is None:
            return base
        return joined_namespace(base, perform(context, self.namespace))

    def _executable(self, context: LaunchContext) -> str:
        package, executable = perform(context, self.package), perform(context, self.executable)
        path = os.path.join(find_prefix(package), "lib", package, executable)
        if not os.access(path, os.X_OK):
            raise LaunchError(
                f"found no executable '{executable}' of package '{package}' ({path}); "
                "build the workspace (make setup)"
            )
        return path


def joined_namespace(base: str | None, pushed: str) -> str:
    """Return the absolute namespace `pushed` below `base`; an absolute `pushed` stands alone.

    Raises:
        LaunchError: The result is no ROS namespace.
    """
    relative = bool(base) and not pushed.startswith("/")
    joined = f"{'' if base == '/' else base}/{pushed}" if relative else pushed
    absolute = joined if joined.startswith("/") else f"/{joined}"
    absolute = absolute.rstrip("/") or "/"
    if not re.fullmatch(r"/|(/[A-Za-z_][A-Za-z0-9_]*)+", absolute):
        raise LaunchError(
            f"found the namespace '{pushed}', expected names of letters, digits and underscores "
            "joined by '/', none starting with a digit"
        )
    return absolute
