# SPDX-License-Identifier: Apache-2.0
"""All processes of a launch: started, watched, started again, stopped in reverse order."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from functools import partial

from rlcg_bringup.minilaunch.entities import Action
from rlcg_bringup.minilaunch.errors import LaunchError
from rlcg_bringup.minilaunch.events import Event, ProcessExited, ProcessStarted
from rlcg_bringup.minilaunch.supervisor import Child, Command, StopTimes, spawn

# Head start of each process in being stopped, so that the robot side outlives its commanders [s].
HEAD_START_S = 0.3


class Processes:
    """The processes of one launch.

    Attributes:
        died: A process that is not started again ended with an error before the launch was ended.
    """

    def __init__(
        self,
        *,
        emit: Callable[[Event], None],
        fail: Callable[[Exception], None],
        log: logging.Logger,
        stop_times: StopTimes,
    ) -> None:
        self.died = False
        self._emit, self._fail, self._log, self._stop_times = emit, fail, log, stop_times
        self._ending = asyncio.Event()
        self._children: list[Child] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._counter = 0

    def start(self, action: Action, command: Command) -> None:
        """Start a process of an action; nothing once the launch is ending."""
        if self._ending.is_set():
            return
        self._counter += 1
        name = f"{command.name}-{self._counter}"
        task = asyncio.get_running_loop().create_task(self._supervise(action, name, command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _supervise(self, action: Action, name: str, command: Command) -> None:
        while not self._ending.is_set():
            try:
                child = await spawn(name, command)
            except OSError as error:
                self._fail(LaunchError(f"cannot start {name}: {error}"))
                return
            self._children.append(child)
            self._say(child, logging.INFO, f"process started with pid [{child.pid}]")
            self._emit(ProcessStarted(action, name, child.pid))
            returncode = await child.run()
            self._children.remove(child)
            self._report(child, returncode, command)
            self._emit(ProcessExited(action, name, child.pid, returncode))
            if command.respawn_delay_s is None:
                return
            await self._wait_until_ending(command.respawn_delay_s)

    async def _wait_until_ending(self, timeout_s: float) -> None:
        try:
            await asyncio.wait_for(self._ending.wait(), timeout_s)
        except asyncio.TimeoutError:
            return

    def _say(self, child: Child, level: int, text: str) -> None:
        self._log.log(level, "%s", text, extra={"process_label": child.name})

    def _report(self, child: Child, returncode: int, command: Command) -> None:
        if returncode == 0:
            self._say(child, logging.INFO, f"process has finished cleanly [pid {child.pid}]")
            return
        if self._ending.is_set() and returncode < 0:
            self._say(child, logging.INFO, f"ended by {signal.Signals(-returncode).name}")
            return
        line = f"process has died [pid {child.pid}, exit code {returncode}, "
        self._say(child, logging.ERROR, f"{line}cmd '{' '.join(command.arguments)}'].")
        if not self._ending.is_set() and command.respawn_delay_s is None:
            self.died = True

    async def wait(self, timeout_s: float) -> bool:
        """Wait until a process ended or the time is up; say whether any is left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(self._tasks)

    def signal(self, number: int) -> None:
        """Send a signal to every process."""
        for child in self._children:
            child.signal(number)

    def end(self) -> None:
        """Start nothing any more."""
        self._ending.set()

    async def stop(self) -> None:
        """Stop what runs, started last first; return when nothing runs any more."""
        self.end()
        while self._tasks:
            # Again, for a process that was being started when the launch ended.
            await self._stop_running()
            await asyncio.wait(self._tasks, timeout=0.1) if self._tasks else None

    async def _stop_running(self) -> None:
        stopping = []
        for child in reversed(self._children):
            task = asyncio.create_task(
                child.stop(self._stop_times, partial(self._say, child, logging.WARNING))
            )
            stopping.append(task)
            await asyncio.wait([task], timeout=HEAD_START_S)
        if stopping:
            await asyncio.wait(stopping)
