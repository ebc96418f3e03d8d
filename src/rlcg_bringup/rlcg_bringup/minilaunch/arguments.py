# SPDX-License-Identifier: Apache-2.0
"""Arguments of the command line, name:=value, and what --show-args prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rlcg_bringup.minilaunch.actions import DeclareLaunchArgument, GroupAction
from rlcg_bringup.minilaunch.entities import Entity, LaunchDescription
from rlcg_bringup.minilaunch.errors import LaunchError


def parse(words: Sequence[str]) -> dict[str, str]:
    """Return the values by name; the last of the same name wins.

    Raises:
        LaunchError: A word is no name:=value.
    """
    values = {}
    for word in words:
        name, _, value = word.partition(":=")
        if not name or not value:
            raise LaunchError(f"found the argument '{word}', expected name:=value")
        values[name] = value
    return values


def declared(entities: Iterable[Entity]) -> list[DeclareLaunchArgument]:
    """Return the arguments that a description declares, groups included."""
    found = []
    for entity in entities:
        if isinstance(entity, DeclareLaunchArgument):
            found.append(entity)
        elif isinstance(entity, LaunchDescription):
            found += declared(entity.entities)
        elif isinstance(entity, GroupAction):
            found += declared(entity.actions)
    return found


def check(values: Mapping[str, str], description: LaunchDescription) -> None:
    """Refuse names that the description does not declare, and values that are no choice.

    Raises:
        LaunchError: Lists the names or the choices that exist.
    """
    known = {argument.name: argument for argument in declared(description.entities)}
    for name, value in values.items():
        if name not in known:
            raise LaunchError(
                f"found the argument '{name}', expected one of {', '.join(known)}; see --show-args"
            )
        known[name].check(value)


def show(description: LaunchDescription) -> str:
    """Return the arguments with description, choices and default, as `ros2 launch` prints them."""
    lines = ["Arguments (pass arguments as '<name>:=<value>'):"]
    for argument in declared(description.entities):
        text = argument.description
        if argument.choices is not None:
            text += "" if text.endswith(".") else "."
            text += f" Valid choices are: {argument.choices}"
        lines += ["", f"    '{argument.name}':", f"        {text}"]
        if argument.default_value is not None:
            default = " + ".join(part.describe() for part in argument.default_value)
            lines.append(f"        (default: {default})")
    if len(lines) == 1:
        lines += ["", "  No arguments."]
    return "\n".join(lines)
