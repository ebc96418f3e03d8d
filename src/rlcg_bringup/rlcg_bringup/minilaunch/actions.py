# SPDX-License-Identifier: Apache-2.0
"""Actions that set, group, include and print; for processes see process.py and node.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rlcg_bringup.minilaunch.context import LaunchContext
from rlcg_bringup.minilaunch.entities import (
    Action,
    Entity,
    LaunchDescription,
    as_entities,
    visit_all,
)
from rlcg_bringup.minilaunch.errors import LaunchError
from rlcg_bringup.minilaunch.substitutions import SomeSubstitutions, normalize, perform


class DeclareLaunchArgument(Action):
    """Declares an argument; takes its default where the caller gave no value."""

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutions | None = None,
        description: str = "no description given",
        choices: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.default_value = None if default_value is None else normalize(default_value)
        self.description = description
        self.choices = None if choices is None else list(choices)

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        configurations = context.launch_configurations
        if self.name not in configurations:
            if self.default_value is None:
                raise LaunchError(
                    f"argument '{self.name}' is missing ({self.description}); "
                    f"add {self.name}:=VALUE"
                )
            configurations[self.name] = perform(context, self.default_value)
        self.check(configurations[self.name])

    def check(self, value: str) -> None:
        """Refuse a value that is none of the choices.

        Raises:
            LaunchError: Lists the choices.
        """
        if self.choices is not None and value not in self.choices:
            raise LaunchError(
                f"found {self.name}:={value}, expected one of {', '.join(self.choices)}"
            )


class SetLaunchConfiguration(Action):
    """Sets a launch configuration in this scope."""

    def __init__(self, name: SomeSubstitutions, value: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name, self.value = normalize(name), normalize(value)

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        context.launch_configurations[perform(context, self.name)] = perform(context, self.value)


class SetEnvironmentVariable(Action):
    """Sets an environment variable for the processes started after it, in this scope."""

    def __init__(self, name: SomeSubstitutions, value: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name, self.value = normalize(name), normalize(value)

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        context.environment[perform(context, self.name)] = perform(context, self.value)


class UnsetEnvironmentVariable(Action):
    """Removes an environment variable for the processes started after it, in this scope."""

    def __init__(self, name: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = normalize(name)

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        context.environment.pop(perform(context, self.name), None)


class GroupAction(Action):
    """Visits its actions in a scope of their own."""

    def __init__(self, actions: Iterable[Action], *, scoped: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.actions = as_entities(actions)
        self.scoped = scoped

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        if not self.scoped:
            visit_all(self.actions, context)
            return
        context.push()
        try:
            visit_all(self.actions, context)
        finally:
            context.pop()


class LogInfo(Action):
    """Prints a line."""

    def __init__(self, *, msg: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.msg = normalize(msg)

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        context.service.log.info(perform(context, self.msg))


class OpaqueFunction(Action):
    """Calls a function of the launch file with the context."""

    def __init__(
        self,
        *,
        function: Callable[..., Sequence[Entity] | None],
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.function, self.args, self.kwargs = function, tuple(args), dict(kwargs or {})

    def execute(self, context: LaunchContext) -> Sequence[Entity]:  # noqa: D102
        return as_entities(self.function(context, *self.args, **self.kwargs))


class TimerAction(Action):
    """Visits its actions after a while, in the scope that it stands in; a shutdown cancels it."""

    def __init__(
        self, *, period: float | SomeSubstitutions, actions: Iterable[Entity], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.period = normalize(str(period) if isinstance(period, (int, float)) else period)
        self.actions = as_entities(actions)

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        context.service.call_later(float(perform(context, self.period)), self.actions)


class PythonLaunchDescriptionSource:
    """Path of another launch file."""

    def __init__(self, launch_file_path: SomeSubstitutions) -> None:
        self.path = normalize(launch_file_path)


class IncludeLaunchDescription(Action):
    """Visits another launch file, or a description, with arguments of its own."""

    def __init__(
        self,
        launch_description_source: PythonLaunchDescriptionSource | LaunchDescription | str,
        *,
        launch_arguments: Iterable[tuple[SomeSubstitutions, SomeSubstitutions]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = launch_description_source
        self.arguments = [(normalize(name), normalize(value)) for name, value in launch_arguments]

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        for name, value in self.arguments:
            context.launch_configurations[perform(context, name)] = perform(context, value)
        if isinstance(self.source, LaunchDescription):
            self.source.visit(context)
            return
        source = self.source
        path = source if isinstance(source, str) else perform(context, source.path)
        before = context.launch_file
        context.launch_file = os.path.abspath(path)
        try:
            context.service.load(path).visit(context)
        finally:
            context.launch_file = before
