# SPDX-License-Identifier: Apache-2.0
"""Commands that other packages add to `rlcg`: entry points of the group ``rlcg.commands``.

In a package's setup.py::

    "rlcg.commands": ["replay = rlcg_record.commands:replay"]

The function takes the words after its name and returns the exit code; the first line of its
docstring is its help. Its module should import what is heavy only when the function runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points

from rlcg_bringup.minilaunch.errors import LaunchError

GROUP = "rlcg.commands"

Command = Callable[[Sequence[str]], int]


def installed() -> list[str]:
    """Return the names of the commands, sorted."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load(name: str) -> Command:
    """Return the function of a command.

    Raises:
        LaunchError: The package that has the command cannot be imported.
    """
    entry = next(iter(entry_points(group=GROUP, name=name)))
    try:
        command: Command = entry.load()
    except (ImportError, AttributeError) as error:
        raise LaunchError(
            f"command {name} ({entry.value}) cannot be loaded ({error}), expected its package to "
            "be built: run make build"
        ) from error
    return command


def summary(name: str) -> str:
    """Return the first line of a command's docstring, or why it cannot be loaded."""
    try:
        text = load(name).__doc__ or ""
    except LaunchError as error:
        return str(error)
    return text.strip().split("\n", 1)[0]
