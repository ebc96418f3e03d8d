# SPDX-License-Identifier: Apache-2.0
"""The action that starts a process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from rlcg_bringup.minilaunch.context import LaunchContext
from rlcg_bringup.minilaunch.entities import Action, Entity
from rlcg_bringup.minilaunch.errors import LaunchError
from rlcg_bringup.minilaunch.events import OnProcessExit, Reaction
from rlcg_bringup.minilaunch.substitutions import SomeSubstitutions, normalize, perform
from rlcg_bringup.minilaunch.supervisor import Command

OUTPUTS = ("screen", "log", "both", "own_log", "full")


class ExecuteProcess(Action):
    """Starts a process; a shutdown of the launch stops it."""

    is_node = False

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutions],
        name: SomeSubstitutions | None = None,
        cwd: SomeSubstitutions | None = None,
        additional_env: Mapping[SomeSubstitutions, SomeSubstitutions] | None = None,
        output: SomeSubstitutions = "log",
        on_exit: Reaction | Entity | list[Entity] | None = None,
        respawn: bool | SomeSubstitutions = False,
        respawn_delay: float | None = None,
        emulate_tty: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if emulate_tty:
            raise TypeError("found emulate_tty=True, expected False: not in this stand-in")
        self.cmd = [normalize(part) for part in cmd]
        self.name, self.cwd, self.output = name, cwd, normalize(output)
        self.additional_env = dict(additional_env or {})
        self.on_exit = on_exit
        self.respawn = normalize(str(respawn) if isinstance(respawn, bool) else respawn)
        self.respawn_delay = respawn_delay

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        if self.on_exit is not None:
            handler = OnProcessExit(target_action=self, on_exit=self.on_exit)
            context.service.handlers.append(handler)
        context.service.start(self, self.command(context))

    def arguments(self, context: LaunchContext) -> list[str]:
        """Return the executable and its arguments."""
        return [perform(context, part) for part in self.cmd]

    def command(self, context: LaunchContext) -> Command:
        """Return everything that starting the process needs, performed in this context.

        Raises:
            LaunchError: `output` or `respawn` has no known value.
        """
        arguments = self.arguments(context)
        output = perform(context, self.output)
        respawn = perform(context, self.respawn).lower()
        if output not in OUTPUTS:
            raise LaunchError(f"found output='{output}', expected one of {', '.join(OUTPUTS)}")
        if respawn not in ("true", "false"):
            raise LaunchError(f"found respawn='{respawn}', expected true or false")
        extra = {perform(context, n): perform(context, v) for n, v in self.additional_env.items()}
        return Command(
            arguments=arguments,
            name=os.path.basename(arguments[0])
            if self.name is None
            else perform(context, self.name),
            environment={**context.environment, **extra},
            folder=None if self.cwd is None else perform(context, self.cwd),
            is_node=self.is_node,
            show_stdout=output != "log" and output != "own_log",
            respawn_delay_s=(self.respawn_delay or 0.0) if respawn == "true" else None,
        )
