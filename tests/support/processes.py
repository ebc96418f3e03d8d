# SPDX-License-Identifier: Apache-2.0
"""A node as a process of its own, started and ended by a test."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

END_S = 5.0


class NodeProcess:
    """Runs ``python -m module --ros-args ...``; what it prints is in ``output``."""

    def __init__(
        self,
        module: str,
        log: Path,
        *ros_args: str,
        domain: int | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        environment = dict(os.environ, PYTHONUNBUFFERED="1")
        if domain is not None:
            environment["ROS_DOMAIN_ID"] = str(domain)
        self._log = log
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, "--ros-args", *ros_args],
                stdin=stdin,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self, timeout_s: float = END_S) -> int:
        """Return the exit code; raises after ``timeout_s``."""
        return self._process.wait(timeout_s)

    def end(self, number: int = signal.SIGINT) -> float:
        """Send a signal and return how long the process took to end [s]."""
        begun_s = time.monotonic()
        self.send_signal(number)
        self.wait()
        return time.monotonic() - begun_s

    def __enter__(self) -> "NodeProcess":
        return self

    def __exit__(self, *exception: object) -> None:
        if self.running:
            self._process.kill()
            self._process.wait()


def parameters(**values: object) -> list[str]:
    """Return ROS arguments that set parameters."""
    arguments = []
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        arguments += ["-p", f"{name}:={text}"]
    return arguments
