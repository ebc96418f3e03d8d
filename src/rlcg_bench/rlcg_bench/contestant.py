# SPDX-License-Identifier: Apache-2.0
"""A variant's process, seen from the parent: start, ask, end."""

import json
import os
import select
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import rlcg_bench
import rlcg_core
import rlcg_policy
from rlcg_bench.steps import Setup
from rlcg_core.errors import ConfigError

START_LIMIT_S = 180.0
ANSWER_LIMIT_S = 300.0
# Where these are imported from: another interpreter has them from nowhere else.
SOURCES = tuple(
    str(Path(module.__file__).resolve().parents[1])
    for module in (rlcg_bench, rlcg_core, rlcg_policy)
    if module.__file__
)


@dataclass(frozen=True)
class Timing:
    """One answer: times around the step inside its process, memory, and what was decided."""

    wall_ms: float
    cpu_ms: float
    peak_mb: float | None
    goal: tuple[float, ...]
    q_value: float | None
    rates: dict[str, float] | None


class Contestant:
    """Runs `rlcg_bench.child`; raises `ConfigError` naming the variant when it fails."""

    def __init__(self, name: str, kind: str, setup: Setup, warm_up: int, python: str = "") -> None:
        """Start the process; `wait_ready` tells when it can be asked."""
        self.name, self.versions = name, dict[str, str]()
        job = json.dumps({"kind": kind, "setup": asdict(setup), "warm_up": warm_up})
        self._log = Path(setup.work) / f"{name}.log"
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [python or sys.executable, "-m", "rlcg_bench.child", job],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(setup.threads, bool(python)),
                text=True,
                bufsize=1,
                # Ctrl-C is the parent's to handle: it ends the children in order.
                start_new_session=True,
            )

    def wait_ready(self) -> "Contestant":
        """Wait until the step is built and warm."""
        self.versions = self._hear(START_LIMIT_S)["versions"]
        return self

    def ask(self, frame: int) -> Timing:
        """Let it decide on a frame, and return how long that took."""
        self._say({"frame": frame})
        answer = self._hear(ANSWER_LIMIT_S)
        return Timing(**{**answer, "goal": tuple(answer["goal"])})

    def close(self) -> None:
        """End the process; safe to call twice."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                _close_quietly(stream)

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
        except BrokenPipeError:
            raise self._failure("ended") from None

    def _hear(self, limit_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], limit_s)
        if not ready:
            raise self._failure(f"gave no answer within {limit_s:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._failure("ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ConfigError(f"{self.name}: {answer['error']}")
        return answer

    def _failure(self, what: str) -> ConfigError:
        said = " ".join(self._log.read_text(encoding="utf-8", errors="replace").split())[-300:]
        return ConfigError(f"{self.name}: its process {what}; it said: {said or 'nothing'}")


def _environment(threads: int, foreign: bool) -> dict[str, str]:
    """Return the child's environment; a foreign interpreter gets our sources and nothing else."""
    environment = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = str(threads)
    inherited = [] if foreign else [environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join([*SOURCES, *filter(None, inherited)])
    return environment


def _close_quietly(stream: Any) -> None:
    try:
        stream.close()
    except BrokenPipeError:
        return  # what was not read by the dead process is of no use to anyone
