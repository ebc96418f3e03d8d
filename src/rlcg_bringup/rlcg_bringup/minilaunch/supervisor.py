# SPDX-License-Identifier: Apache-2.0
"""One child process: started in a session of its own, its output prefixed, stopped step by step."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

# prctl(2): the signal that a process gets when its parent dies.
PR_SET_PDEATHSIG = 1
# Longest line that is kept whole [bytes].
LINE_LIMIT = 1 << 20


@dataclass(frozen=True)
class Command:
    """What starting a process needs.

    Attributes:
        arguments: Executable and its arguments.
        name: Name for messages, to which a number is added.
        environment: Its whole environment.
        folder: Its working folder; None for that of the launcher.
        show_stdout: Standard output is printed; standard error always is.
        is_node: A ROS node, which catches SIGTERM as soon as it is able to end in order.
        respawn_delay_s: Time until it is started again when it ended [s]; None for never.
    """

    arguments: Sequence[str]
    name: str
    environment: Mapping[str, str]
    folder: str | None = None
    show_stdout: bool = True
    is_node: bool = False
    respawn_delay_s: float | None = None


@dataclass(frozen=True)
class StopTimes:
    """How long a process has after each step of being stopped [s]."""

    sigint_to_sigterm_s: float = 5.0
    sigterm_to_sigkill_s: float = 5.0


class Child:
    """A running process and the session that it leads."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, is_node: bool = False
    ) -> None:
        self.name = name
        self.process = process
        self.is_node = is_node

    @property
    def pid(self) -> int:
        """Number of the process, of its session and of its process group."""
        return self.process.pid

    @property
    def ended(self) -> bool:
        """The process is no more."""
        return self.process.returncode is not None

    def signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """End the process and everything that it started and left behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def run(self, show_stdout: bool) -> int:
        """Print the output until the process ended; return its return code."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        pumps = [
            asyncio.create_task(
                self._pump(self.process.stdout, sys.stdout if show_stdout else None)
            ),
            asyncio.create_task(self._pump(self.process.stderr, sys.stderr)),
        ]
        returncode = await self.process.wait()
        # What it left behind would keep the pipes open.
        self.kill_group()
        await asyncio.wait(pumps, timeout=1.0)
        for pump in pumps:
            pump.cancel()
        return returncode

    async def _pump(self, source: asyncio.StreamReader, target: object) -> None:
        while True:
            try:
                line = await source.readuntil(b"\n")
            except asyncio.IncompleteReadError as end:
                line = end.partial
            except asyncio.LimitOverrunError as long:
                line = await source.read(long.consumed or LINE_LIMIT)
            if not line:
                return
            text = line.decode(errors="replace").rstrip("\n")
            if target is not None:
                # The reader of our own output may be gone; the child must not notice.
                with contextlib.suppress(BrokenPipeError):
                    print(f"[{self.name}] {text}", file=target, flush=True)  # type: ignore[call-overload]

    async def stop(self, times: StopTimes, say: Callable[[str], None]) -> None:
        """Ask with SIGINT, then SIGTERM, then end the whole group; return when it ended."""
        # A node that is still loading its modules would answer SIGINT with a traceback.
        loading = self.is_node and not catches(self.pid, signal.SIGTERM)
        self.signal(signal.SIGTERM if loading else signal.SIGINT)
        if await self._wait(times.sigint_to_sigterm_s):
            return
        say(f"[{self.name}]: runs {times.sigint_to_sigterm_s:g} s after SIGINT: SIGTERM")
        self.signal(signal.SIGTERM)
        if await self._wait(times.sigterm_to_sigkill_s):
            return
        say(f"[{self.name}]: runs {times.sigterm_to_sigkill_s:g} s after SIGTERM: SIGKILL")
        self.kill_group()
        await self.process.wait()

    async def _wait(self, timeout_s: float) -> bool:
        try:
            await asyncio.wait_for(self.process.wait(), timeout_s)
        except asyncio.TimeoutError:
            return False
        return True


async def spawn(name: str, command: Command) -> Child:
    """Start a process.

    Raises:
        OSError: The executable or the folder cannot be used.
    """
    process = await asyncio.create_subprocess_exec(
        *command.arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(command.environment),
        cwd=command.folder,
        # Ctrl-C in the terminal reaches the launcher alone, which then stops in order.
        start_new_session=True,
        preexec_fn=_die_with_parent(os.getpid()),
        limit=LINE_LIMIT,
    )
    return Child(name, process, command.is_node)


def catches(pid: int, number: int) -> bool:
    """Say whether a process has a handler for a signal; False where that cannot be told."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            masks = [line.split()[1] for line in status if line.startswith("SigCgt:")]
    except OSError:
        return False
    return bool(masks) and bool(int(masks[0], 16) >> (number - 1) & 1)


def _die_with_parent(parent: int) -> Callable[[], None]:
    """Return what the child does before it becomes the program, so that it never outlives us."""
    # Loaded before the fork: nothing may be imported in the child.
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
