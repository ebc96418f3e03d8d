# SPDX-License-Identifier: Apache-2.0
"""A simulator in a process of its own, asked for some control steps at a time."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from rlcg_core.errors import WorldError
from rlcg_sim.programs import drop_stdout

LIMIT_S = 300.0
END_S = 10.0
WARM_UP_STEPS = 2


@dataclass(frozen=True)
class Steps:
    """What some control steps took, per step: wall time and CPU time of the process [ms]."""

    wall_ms: float
    cpu_ms: float


class SimProcess:
    """A world of `rlcg_bench.sim_worlds` with a renderer, started.

    ``renderer``: what draws there. ``missing``: why it cannot be had here, empty if it can.
    """

    def __init__(self, world: str, renderer: str) -> None:
        self.world = world
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(world, renderer, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.renderer, self.missing = renderer, ""

    def wait_ready(self) -> None:
        """Wait until the world is there and warm, or known to be missing."""
        self.renderer, self.missing = self._hear()

    def run(self, steps: int) -> Steps:
        """Do control steps and return what one of them took; raises `WorldError`."""
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
            if self._pipe.poll(LIMIT_S):
                first, second = self._pipe.recv()
                return first, second
        except (EOFError, OSError):
            raise self._ended() from None
        raise WorldError(f"{self.world}: no answer within {LIMIT_S:g} s")

    def _ended(self) -> WorldError:
        return WorldError(f"{self.world}: its process ended, see what it printed above")


def serve(world: str, renderer: str, pipe: Connection) -> None:
    """Build the world, then do as many control steps as each message says."""
    drop_stdout()
    from rlcg_bench import sim_worlds  # loads PyBullet, which prints

    try:
        simulator = sim_worlds.WORLDS[world](renderer)
    except WorldError as error:
        pipe.send((renderer, str(error)))
        return
    _time(simulator.step, WARM_UP_STEPS)
    pipe.send((simulator.renderer, ""))
    while True:
        try:
            steps = pipe.recv()
        except EOFError:
            return
        pipe.send(_time(simulator.step, steps))


def _time(step: Callable[[], None], steps: int) -> tuple[float, float]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for _ in range(steps):
        step()
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    return 1e3 * wall_s / steps, 1e3 * cpu_s / steps
