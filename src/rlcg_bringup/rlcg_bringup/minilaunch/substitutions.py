# SPDX-License-Identifier: Apache-2.0
"""Text that is known only when the launch runs: arguments, environment, paths, expressions."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from rlcg_bringup.minilaunch import expressions
from rlcg_bringup.minilaunch.context import LaunchContext
from rlcg_bringup.minilaunch.errors import LaunchError


class Substitution(ABC):
    """Base class: `perform` gives the text, `describe` says where it comes from."""

    @abstractmethod
    def perform(self, context: LaunchContext) -> str:
        """Return the text in this context."""

    def describe(self) -> str:
        """Return a short description for --show-args."""
        return f"{type(self).__name__}()"


class TextSubstitution(Substitution):
    """Plain text."""

    def __init__(self, *, text: str) -> None:
        self.text = text

    def perform(self, context: LaunchContext) -> str:  # noqa: D102
        return self.text

    def describe(self) -> str:  # noqa: D102
        return f"'{self.text}'"


SomeSubstitutions = str | PurePath | Substitution | Iterable[Any]


def normalize(value: SomeSubstitutions) -> list[Substitution]:
    """Return `value` (text, a substitution or several of them) as a list of substitutions.

    Raises:
        TypeError: It holds something else.
    """
    if isinstance(value, (str, PurePath)):
        return [TextSubstitution(text=str(value))]
    if isinstance(value, Substitution):
        return [value]
    if not isinstance(value, Iterable):
        raise TypeError(f"found {value!r}, expected text, a substitution or a list of them")
    return [part for item in value for part in normalize(item)]


def perform(context: LaunchContext, value: SomeSubstitutions) -> str:
    """Return the text of `value` in this context."""
    return "".join(part.perform(context) for part in normalize(value))


class LaunchConfiguration(Substitution):
    """Value of a launch argument."""

    def __init__(self, variable_name: str, *, default: SomeSubstitutions | None = None) -> None:
        self.name = variable_name
        self.default = default

    def perform(self, context: LaunchContext) -> str:  # noqa: D102
        if self.name in context.launch_configurations:
            return str(context.launch_configurations[self.name])
        if self.default is None:
            raise LaunchError(f"launch configuration '{self.name}' does not exist")
        return perform(context, self.default)

    def describe(self) -> str:  # noqa: D102
        return f"LaunchConfig('{self.name}')"


class EnvironmentVariable(Substitution):
    """Value of an environment variable as the started processes will see it."""

    def __init__(
        self, name: SomeSubstitutions, *, default_value: SomeSubstitutions | None = None
    ) -> None:
        self.name = normalize(name)
        self.default = default_value

    def perform(self, context: LaunchContext) -> str:  # noqa: D102
        name = perform(context, self.name)
        if name in context.environment:
            return context.environment[name]
        if self.default is None:
            raise LaunchError(f"environment variable '{name}' does not exist")
        return perform(context, self.default)

    def describe(self) -> str:  # noqa: D102
        return f"EnvVar({' + '.join(part.describe() for part in self.name)})"


class PathJoinSubstitution(Substitution):
    """Parts joined to a path."""

    def __init__(self, substitutions: Iterable[SomeSubstitutions]) -> None:
        self.parts = [normalize(part) for part in substitutions]

    def perform(self, context: LaunchContext) -> str:  # noqa: D102
        return os.path.join(*(perform(context, part) for part in self.parts))

    def describe(self) -> str:  # noqa: D102
        return f"PathJoin({', '.join(' + '.join(s.describe() for s in p) for p in self.parts)})"


class PythonExpression(Substitution):
    """Value of a Python expression; the names of `math` are there, as in launch.

    Only what `expressions` knows: no other function can be called.
    """

    def __init__(self, expression: SomeSubstitutions) -> None:
        self.expression = normalize(expression)

    def perform(self, context: LaunchContext) -> str:  # noqa: D102
        text = perform(context, self.expression)
        try:
            return str(expressions.value(text))
        except Exception as error:
            raise LaunchError(f"cannot evaluate the expression {text!r}: {error}") from error

    def describe(self) -> str:  # noqa: D102
        return f"PythonExpr({' + '.join(part.describe() for part in self.expression)})"


class ThisLaunchFileDir(Substitution):
    """Folder of the launch file."""

    def perform(self, context: LaunchContext) -> str:  # noqa: D102
        return os.path.dirname(context.launch_file)


class FindPackagePrefix(Substitution):
    """Install prefix of a package, from the ament index."""

    def __init__(self, package: SomeSubstitutions) -> None:
        self.package = normalize(package)

    def perform(self, context: LaunchContext) -> str:  # noqa: D102
        return find_prefix(perform(context, self.package))

    def describe(self) -> str:  # noqa: D102
        packages = " + ".join(part.describe() for part in self.package)
        return f"{type(self).__name__.replace('Package', 'Pkg')}(pkg={packages})"


class FindPackageShare(FindPackagePrefix):
    """Folder share/<package> of a package, from the ament index."""

    def perform(self, context: LaunchContext) -> str:  # noqa: D102
        package = perform(context, self.package)
        return os.path.join(find_prefix(package), "share", package)


def find_prefix(package: str) -> str:
    """Return the install prefix of `package`.

    Raises:
        LaunchError: The ament index does not know it.
    """
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        return str(get_package_prefix(package))
    except (PackageNotFoundError, ValueError) as error:
        raise LaunchError(
            f"found no package '{package}' in AMENT_PREFIX_PATH; build the workspace and source it "
            "(make setup, then . scripts/env.sh)"
        ) from error
