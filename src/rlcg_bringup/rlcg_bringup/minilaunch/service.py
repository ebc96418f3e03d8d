# SPDX-License-Identifier: Apache-2.0
"""One launch: visits its description, handles events and signals, ends with an exit code."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable

from rlcg_bringup.minilaunch import loader
from rlcg_bringup.minilaunch.context import LaunchContext
from rlcg_bringup.minilaunch.entities import Action, Entity, LaunchDescription, visit_all
from rlcg_bringup.minilaunch.errors import LaunchError
from rlcg_bringup.minilaunch.events import Event, EventHandler, Shutdown
from rlcg_bringup.minilaunch.processes import Processes
from rlcg_bringup.minilaunch.supervisor import Command, StopTimes

# Two signals closer than this are one keystroke that reached us twice [s].
SAME_KEYSTROKE_S = 0.2


class LaunchService:
    """One launch, from its description to its exit code.

    Exit code: 0 when all ended well; 1 when the description is faulty or a process ended with an
    error before the launch was ended; 128 + number when a signal ended the launch.

    Attributes:
        handlers: Event handlers in force.
        log: Where the launcher's own lines go.
        folder: Folder of the parameter files; removed at the end.
    """

    def __init__(self, *, stop_times: StopTimes | None = None) -> None:
        self.handlers: list[EventHandler] = []
        self.log = logging.getLogger("launch")
        self.folder = tempfile.mkdtemp(prefix="rlcg_launch_")
        self.context = LaunchContext(self)
        self._stop_times = stop_times or StopTimes()
        self._processes: Processes | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._shutdown: Shutdown | None = None
        self._failed = False
        self._signals: list[tuple[float, int]] = []

    load = staticmethod(loader.load)

    def run(self, description: LaunchDescription) -> int:
        """Visit the description, run until everything ended, return the exit code."""
        try:
            return asyncio.run(self._run(description))
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def _run(self, description: LaunchDescription) -> int:
        self._processes = Processes(
            emit=self._emit_guarded, fail=self._fail, log=self.log, stop_times=self._stop_times
        )
        # Installed through asyncio, these work even where SIGINT was ignored at the start.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal, number)
        self._guarded(description.visit, self.context)
        while self._shutdown is None and (await self._processes.wait(0.2) or self._timers):
            # Timers and signals are no processes: look at them now and then.
            await asyncio.sleep(0.02)
        await self._processes.stop()
        return self._exit_code()

    def _exit_code(self) -> int:
        if self._failed or (self._processes is not None and self._processes.died):
            return 1
        return 128 + self._signals[0][1] if self._signals else 0

    def _guarded(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a part of the launch description; its error ends the launch with one line."""
        try:
            function(*arguments)
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        told = isinstance(error, LaunchError) or type(error) is RuntimeError
        kind = "" if told else f"{type(error).__name__}: "
        self.log.error("%s%s", kind, error, exc_info=error if self.debug else None)
        self._failed = True
        self.emit(Shutdown(reason="error in the launch"))

    @property
    def debug(self) -> bool:
        """Tracebacks are printed."""
        return self.log.isEnabledFor(logging.DEBUG)

    def start(self, action: Action, command: Command) -> None:
        """Start a process of an action; nothing once the launch is ending."""
        assert self._processes is not None
        self._processes.start(action, command)

    def _emit_guarded(self, event: Event) -> None:
        self._guarded(self.emit, event)

    def emit(self, event: Event) -> None:
        """Hand an event to the handlers; the first Shutdown ends the launch, others are void."""
        if isinstance(event, Shutdown):
            if self._shutdown is not None:
                return
            self._shutdown = event
            self.log.info("shutting down: %s", event.reason)
            if self._processes is not None:
                self._processes.end()
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()
        for handler in list(self.handlers):
            handler.handle(event, self.context)

    def call_later(self, delay_s: float, entities: Iterable[Entity]) -> None:
        """Visit entities after a delay [s], in the scope that holds now."""
        configurations = dict(self.context.launch_configurations)
        environment = dict(self.context.environment)

        def visit() -> None:
            self._timers.discard(timer)
            self.context.push()
            self.context.launch_configurations = configurations
            self.context.environment = environment
            self._guarded(visit_all, entities, self.context)
            self.context.pop()

        timer = asyncio.get_running_loop().call_later(delay_s, visit)
        self._timers.add(timer)

    def _on_signal(self, number: int) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._signals and now_s - self._signals[-1][0] < SAME_KEYSTROKE_S:
            return
        self._signals.append((now_s, number))
        name = signal.Signals(number).name
        if len(self._signals) == 1:
            due_to_sigint = number == signal.SIGINT
            self._emit_guarded(Shutdown(reason=f"user sent {name}", due_to_sigint=due_to_sigint))
            return
        harder = signal.SIGTERM if len(self._signals) == 2 else signal.SIGKILL
        self.log.warning("user sent %s again: %s to what still runs", name, harder.name)
        assert self._processes is not None
        self._processes.signal(harder)
