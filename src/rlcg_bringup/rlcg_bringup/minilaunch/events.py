# SPDX-License-Identifier: Apache-2.0
"""Events of processes and of the launch, handlers for them, and the actions that join the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rlcg_bringup.minilaunch.context import LaunchContext
from rlcg_bringup.minilaunch.entities import Action, Entity, as_entities, visit_all


class Event:
    """Base class of events."""


class Shutdown(Event):
    """The launch ends."""

    def __init__(self, *, reason: str = "reason not given", due_to_sigint: bool = False) -> None:
        self.reason = reason
        self.due_to_sigint = due_to_sigint


@dataclass(frozen=True)
class ProcessStarted(Event):
    """A process runs."""

    action: Action
    process_name: str
    pid: int


@dataclass(frozen=True)
class ProcessExited(Event):
    """A process ended; a negative return code is the number of the signal that ended it."""

    action: Action
    process_name: str
    pid: int
    returncode: int


Reaction = Callable[[Any, LaunchContext], Any]


class EventHandler:
    """Reacts to events of one type, of one process where `target` is given."""

    event_type: type[Event] = Event

    def __init__(self, reaction: Reaction | Entity | list[Entity], target: Action | None) -> None:
        self.reaction = reaction
        self.target = target

    def handle(self, event: Event, context: LaunchContext) -> None:
        """React where the event is the awaited one."""
        if not isinstance(event, self.event_type):
            return
        if self.target is not None and getattr(event, "action", None) is not self.target:
            return
        found = self.reaction(event, context) if callable(self.reaction) else self.reaction
        visit_all(as_entities(found), context)


class OnProcessExit(EventHandler):
    """Reacts when a process ended."""

    event_type = ProcessExited

    def __init__(
        self,
        *,
        on_exit: Reaction | Entity | list[Entity],
        target_action: Action | None = None,
    ) -> None:
        super().__init__(on_exit, target_action)


class OnProcessStart(EventHandler):
    """Reacts when a process runs."""

    event_type = ProcessStarted

    def __init__(
        self,
        *,
        on_start: Reaction | Entity | list[Entity],
        target_action: Action | None = None,
    ) -> None:
        super().__init__(on_start, target_action)


class OnShutdown(EventHandler):
    """Reacts when the launch ends, before the processes are stopped."""

    event_type = Shutdown

    def __init__(self, *, on_shutdown: Reaction | Entity | list[Entity]) -> None:
        super().__init__(on_shutdown, None)


class RegisterEventHandler(Action):
    """Puts a handler in force."""

    def __init__(self, event_handler: EventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_handler = event_handler

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        context.service.handlers.append(self.event_handler)


class EmitEvent(Action):
    """Emits an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event = event

    def execute(self, context: LaunchContext) -> None:  # noqa: D102
        context.service.emit(self.event)


class ShutdownAction(EmitEvent):
    """Ends the launch; launch.actions.Shutdown."""

    def __init__(self, *, reason: str = "reason not given", **kwargs: Any) -> None:
        super().__init__(event=Shutdown(reason=reason), **kwargs)
