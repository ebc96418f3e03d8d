# SPDX-License-Identifier: Apache-2.0
"""Node parameters: evaluated by the rules of launch_ros and written to a file for the node."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from rlcg_bringup.minilaunch.context import LaunchContext
from rlcg_bringup.minilaunch.errors import LaunchError
from rlcg_bringup.minilaunch.substitutions import (
    SomeSubstitutions,
    Substitution,
    normalize,
    perform,
)

SCALARS = (bool, int, float, str)


class ParameterValue:
    """A value with its type: text of substitutions becomes a `value_type`, or what YAML says."""

    def __init__(self, value: Any, *, value_type: type | None = None) -> None:
        if value_type not in (None, *SCALARS):
            raise TypeError(f"found value_type={value_type!r}, expected bool, int, float or str")
        self.value, self.value_type = value, value_type


class ParameterFile:
    """Path of a file of parameters."""

    def __init__(self, param_file: SomeSubstitutions) -> None:
        self.param_file = normalize(param_file)


def evaluate(name: str, value: Any, context: LaunchContext) -> Any:
    """Return parameter `name` as bool, int, float, str or a uniform list of them.

    Raises:
        LaunchError: The text does not fit the type.
    """
    if isinstance(value, ParameterValue):
        if value.value_type is not None:
            return typed(name, value.value, value.value_type, context)
        value = value.value
    if isinstance(value, SCALARS):
        return value
    if is_text(value):
        return from_yaml(name, perform(context, value))
    items = [evaluate(name, item, context) for item in value]
    if not items or any(type(item) is not type(items[0]) for item in items):
        raise LaunchError(f"parameter '{name}': found {items}, expected one or more of one type")
    return items


def is_text(value: Any) -> bool:
    """Say whether the value is a substitution or text joined of substitutions."""
    if isinstance(value, Substitution):
        return True
    items = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    return items and any(isinstance(item, Substitution) for item in value)


def from_yaml(name: str, text: str) -> Any:
    """Return the value that `text` is in YAML; empty text stays text."""
    try:
        value = yaml.safe_load(text or "''")
    except yaml.YAMLError as error:
        raise LaunchError(f"parameter '{name}': found {text!r}, expected a YAML value") from error
    if isinstance(value, SCALARS):
        return value
    if isinstance(value, list) and value and all(type(v) is type(value[0]) for v in value):
        return value
    raise LaunchError(f"parameter '{name}': found {text!r}, expected a value or a uniform list")


def typed(name: str, value: Any, value_type: type, context: LaunchContext) -> Any:
    """Return `value` as a `value_type`.

    Raises:
        LaunchError: It is no such value.
    """
    text = perform(context, value) if is_text(value) or isinstance(value, str) else str(value)
    if value_type is str:
        return text
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = text
    if value_type is float and type(found) is int:
        found = float(found)
    if type(found) is not value_type:
        raise LaunchError(
            f"parameter '{name}': found {text!r}, expected a value of type {value_type.__name__}"
        )
    return found


def write_file(
    node: str, parameters: Mapping[Any, Any], context: LaunchContext, folder: str
) -> str:
    """Write the parameters of `node` ("/**" for any) into a file in `folder`; return its path."""
    values = {}
    for key, value in parameters.items():
        name = perform(context, key)
        if isinstance(value, Mapping):
            raise TypeError(f"found nested parameters below '{name}', expected values: write a.b")
        values[name] = evaluate(name, value, context)
    with tempfile.NamedTemporaryFile(
        "w", dir=folder, prefix="launch_params_", delete=False
    ) as file:
        yaml.dump({node: {"ros__parameters": values}}, file, default_flow_style=False)
    return file.name


def file_arguments(
    node: str, parameters: Iterable[Any], context: LaunchContext, folder: str
) -> list[str]:
    """Return `--params-file PATH` for each element: a path, a ParameterFile or a mapping."""
    arguments = []
    for element in parameters:
        if isinstance(element, Mapping):
            path = write_file(node, element, context, folder)
        else:
            source = element.param_file if isinstance(element, ParameterFile) else element
            path = perform(context, source)
            if not Path(path).is_file():
                raise LaunchError(f"found no parameter file '{path}'; give the path of one")
        arguments += ["--params-file", path]
    return arguments
