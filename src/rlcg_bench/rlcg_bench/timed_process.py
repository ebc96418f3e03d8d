# SPDX-License-Identifier: Apache-2.0
"""Work in a process of its own, asked for some steps at a time."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from rlcg_core.errors import RlcgError, WorldError
from rlcg_sim.programs import drop_stdout

END_S = 10.0


@dataclass(frozen=True)
class Work:
    """``step`` does some of it and returns how many units; ``name``: of what does it."""

    name: str
    step: Callable[[], int]


@dataclass(frozen=True)
class Steps:
    """What some steps took, per unit: wall time and CPU time of the process [ms]."""

    wall_ms: float
    cpu_ms: float


class TimedProcess:
    """Work that ``build`` makes in a process of its own, started; ``build`` must be picklable.

    ``what``: names it in errors; ``limit_s``: it counts as hanging after that. ``name``: the work's
    own; ``missing``: why it cannot be had here, empty if it can.
    """

    def __init__(
        self, what: str, build: Callable[[], Work], warm_up: int = 2, limit_s: float = 300.0
    ) -> None:
        self._what, self._limit_s = what, limit_s
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (build, warm_up, theirs)
        self._process = context.Process(target=serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self.name, self.missing = "", ""

    def wait_ready(self) -> None:
        """Wait until the work is there and warm, or known to be missing."""
        self.name, self.missing = self._hear()

    def run(self, steps: int) -> Steps:
        """Do steps and return what a unit of them took; raises `WorldError`."""
        try:
            self._pipe.send(steps)
        except OSError:
            raise self._ended() from None
        wall_ms, cpu_ms = self._hear()
        return Steps(wall_ms, cpu_ms)

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(END_S)
        if self._process.is_alive():
            self._process.kill()

    def _hear(self) -> tuple[Any, Any]:
        try:
            if self._pipe.poll(self._limit_s):
                first, second = self._pipe.recv()
                return first, second
        except (EOFError, OSError):
            raise self._ended() from None
        raise WorldError(f"{self._what}: no answer within {self._limit_s:g} s")

    def _ended(self) -> WorldError:
        return WorldError(f"{self._what}: its process ended, see what it printed above")


def serve(build: Callable[[], Work], warm_up: int, pipe: Connection) -> None:
    """Build the work, then do as many steps as each message says."""
    drop_stdout()
    try:
        work = build()
    except RlcgError as error:
        pipe.send(("", str(error)))
        return
    _time(work.step, warm_up)
    pipe.send((work.name, ""))
    while True:
        try:
            steps = pipe.recv()
        except EOFError:
            return
        pipe.send(_time(work.step, steps))


def _time(step: Callable[[], int], steps: int) -> tuple[float, float]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    done = sum(step() for _ in range(steps))
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    return 1e3 * wall_s / done, 1e3 * cpu_s / done
