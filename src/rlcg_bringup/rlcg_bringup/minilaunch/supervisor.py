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


class _Output(asyncio.SubprocessProtocol):
    """Prints what a process writes, line by line, and tells when it ended."""

    def __init__(self, name: str, show_stdout: bool) -> None:
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._name = name
        self._targets = {1: sys.stdout if show_stdout else None, 2: sys.stderr}
        self._rest = {1: b"", 2: b""}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, rest = (self._rest[fd] + data).split(b"\n")
        if len(rest) > LINE_LIMIT:
            lines, rest = [*lines, rest], b""
        self._rest[fd] = rest
        for line in lines:
            self._print(fd, line)

    def _print(self, fd: int, line: bytes) -> None:
        target = self._targets[fd]
        # The reader of our own output may be gone; the child must not notice.
        with contextlib.suppress(BrokenPipeError):
            if target is not None:
                print(f"[{self._name}] {line.decode(errors='replace')}", file=target, flush=True)

    def flush(self) -> None:
        """Print a last line that has no end."""
        for fd, rest in self._rest.items():
            if rest:
                self._print(fd, rest)
        self._rest = {1: b"", 2: b""}

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


class Child:
    """A running process and the session that it leads."""

    def __init__(
        self, name: str, transport: asyncio.SubprocessTransport, output: _Output, is_node: bool
    ) -> None:
        self.name = name
        self._transport, self._output = transport, output
        self._is_node = is_node

    @property
    def pid(self) -> int:
        """Number of the process, of its session and of its process group."""
        return self._transport.get_pid()

    def signal(self, number: int) -> None:
        """Send a signal: SIGKILL to all that it started, any other to the process alone."""
        if number == signal.SIGKILL:
            self.kill_group()
            return
        with contextlib.suppress(ProcessLookupError):
            self._transport.send_signal(number)

    def kill_group(self) -> None:
        """End the process and everything that it started and left behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def run(self) -> int:
        """Print the output until the process ended; return its return code."""
        await self._output.exited
        # What it left behind would keep the pipes open.
        self.kill_group()
        await asyncio.wait([self._output.closed], timeout=1.0)
        self._output.flush()
        self._transport.close()
        returncode = self._transport.get_returncode()
        assert returncode is not None
        return returncode

    async def stop(self, times: StopTimes, say: Callable[[str], None]) -> None:
        """Ask with SIGINT, then SIGTERM, then end the whole group; return when it ended."""
        # A node that is still loading its modules would answer SIGINT with a traceback.
        loading = self._is_node and not catches(self.pid, signal.SIGTERM)
        self.signal(signal.SIGTERM if loading else signal.SIGINT)
        if await self._wait(times.sigint_to_sigterm_s):
            return
        say(f"runs {times.sigint_to_sigterm_s:g} s after SIGINT: SIGTERM")
        self.signal(signal.SIGTERM)
        if await self._wait(times.sigterm_to_sigkill_s):
            return
        say(f"runs {times.sigterm_to_sigkill_s:g} s after SIGTERM: SIGKILL")
        self.kill_group()
        await asyncio.wait([self._output.exited])

    async def _wait(self, timeout_s: float) -> bool:
        done, _ = await asyncio.wait([self._output.exited], timeout=timeout_s)
        return bool(done)


async def spawn(name: str, command: Command) -> Child:
    """Start a process.

    Raises:
        OSError: The executable or the folder cannot be used.
    """
    transport, output = await asyncio.get_running_loop().subprocess_exec(
        lambda: _Output(name, command.show_stdout),
        *command.arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(command.environment),
        cwd=command.folder,
        # Ctrl-C in the terminal reaches the launcher alone, which then stops in order.
        start_new_session=True,
        preexec_fn=_die_with_parent(os.getpid()),
    )
    return Child(name, transport, output, command.is_node)


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
