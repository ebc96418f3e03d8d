# SPDX-License-Identifier: Apache-2.0
"""The graph that is soaked: one cell and one recorder for all the time, evaluations in turn.

Every node is a process of its own, started as a user starts it.
"""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from rlcg_bench.soak.settings import SoakSettings
from rlcg_core.errors import WorldError

END_LIMIT_S, START_LIMIT_S = 20.0, 300.0
RUNS, BAGS = "runs", "bags"
TELLING = ("has died", "error:")
_PR_SET_PDEATHSIG = 1


class Process:
    """A program whose output goes to the end of a file; it does not outlive this one."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name, self._log = name, log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the soak, which ends the others in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def code(self) -> int | None:
        """Exit code, None while it runs."""
        return self._process.poll()

    @property
    def last_words(self) -> str:
        """The last line that tells of an error, else the last one that it printed."""
        lines = self._log.read_text(errors="replace").strip().splitlines()
        errors = [line for line in lines if any(word in line for word in TELLING)]
        return [*lines, *errors][-1] if lines else "it printed nothing"

    def end(self) -> None:
        """Ask it to end, and wait; what does not end within 20 s is killed and is a failure."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise WorldError(f"{self.name} did not end within {END_LIMIT_S:g} s") from None


class Graph:
    """Starts everything, begins the next evaluation when one is over, ends all in order."""

    def __init__(self, settings: SoakSettings, folder: Path, session: int) -> None:
        self._settings, self._folder = settings, folder
        # Other scenes after a resume.
        self._seed = settings.seed + 1000 * session
        self.evaluations = 0
        self._running: list[Process] = []
        self._evaluation: Process | None = None

    def __enter__(self) -> "Graph":
        wish = self._settings
        cell = [
            *("evaluate:=false", f"backend:={wish.backend}", f"model:={wish.model}"),
            *(f"renderer:={wish.renderer}", f"lockstep:={_text(wish.lockstep)}"),
        ]
        program = [sys.executable, "-m", "rlcg_bringup.cli"]
        self._start("cell", [*program, "launch", "rlcg_policy", "grasp.launch.py", *cell])
        self._start("record_node", _node("rlcg_record.record_node", bag_directory=self.bags))
        return self

    @property
    def bags(self) -> Path:
        """Folder of the bags."""
        return self._folder / BAGS

    def tend(self) -> None:
        """Begin an evaluation if none runs; raises `WorldError` if something ended by itself."""
        for process in self._running:
            if process.code is not None:
                raise WorldError(f"{process.name} ended by itself: {process.last_words}")
        if self._evaluation is not None and self._evaluation.code is None:
            return
        if self._evaluation is not None and self._evaluation.code != 0:
            raise WorldError(f"an evaluation failed: {self._evaluation.last_words}")
        wish = self._settings
        command = _node(
            "rlcg_policy.evaluate_node",
            backend=wish.backend,
            bag_directory=self.bags,
            grasps=wish.grasps,
            lockstep=wish.lockstep,
            run_directory=self._folder / RUNS,
            seed=self._seed + self.evaluations,
            wait_for_nodes_s=START_LIMIT_S,
        )
        self._evaluation = self._process("evaluate_node", command)
        self.evaluations += 1

    def _start(self, name: str, command: list[str]) -> None:
        self._running.append(self._process(name, command))

    def _process(self, name: str, command: list[str]) -> Process:
        return Process(name, command, self._folder / f"{name}.log")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        late = [] if self._evaluation is None else [self._evaluation]
        problems = []
        for process in [*late, *reversed(self._running)]:
            try:
                if process.code is None:
                    process.end()
            except WorldError as problem:
                problems.append(str(problem))
        if problems and error is None:
            raise WorldError("; ".join(problems))


def _node(module: str, **parameters: object) -> list[str]:
    """Return the command of a node that lives in the simulation's time."""
    words = ["-p", "use_sim_time:=true"]
    for name, value in parameters.items():
        words += ["-p", f"{name}:={_text(value)}"]
    return [sys.executable, "-m", module, "--ros-args", *words]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _die_with_parent() -> None:
    """Have the kernel end this process when the soak is gone, kill -9 included (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
