# SPDX-License-Identifier: Apache-2.0
"""A launch file started as a user starts it, and what became of its processes."""

import os
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

MARK = "RLCG_TEST_MARK"


class Launched:
    """`rlcg launch rlcg_policy file words` in a session and a ROS domain of its own.

    Attributes:
        lines: What it printed until now.
    """

    def __init__(
        self, *words: str, folder: Path, domain: int, file: str = "grasp.launch.py"
    ) -> None:
        command = shutil.which("rlcg")
        assert command is not None, "found no command rlcg; build and enter the workspace first"
        self._mark = uuid.uuid4().hex
        self.folder = folder
        self.lines: list[str] = []
        environment = {
            **os.environ,
            MARK: self._mark,
            "ROS_DOMAIN_ID": str(domain),
            "ROS_LOG_DIR": str(folder / "log"),
        }
        self._process = subprocess.Popen(
            [command, "launch", "rlcg_policy", file, *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str, timeout_s: float = 60.0) -> None:
        """Wait until a line holds `text`."""
        met = wait_until(
            lambda: any(text in line for line in list(self.lines)) or not self.running, timeout_s
        )
        assert met, f"found no '{text}' within {timeout_s} s:\n{self.output}"
        assert text in self.output, f"ended without '{text}':\n{self.output}"

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout_s: float = 120.0) -> int:
        """Wait for the end; return the exit code."""
        code = self._process.wait(timeout_s)
        self._reader.join(5.0)
        return code

    def control_c(self) -> float:
        """Do what Ctrl-C in the terminal does; return how long it took until all ended [s]."""
        begun_s = time.monotonic()
        os.killpg(self._process.pid, signal.SIGINT)
        assert wait_until(lambda: not self.running and not self.processes(), 30.0), self.output
        self._reader.join(5.0)
        return time.monotonic() - begun_s

    def kill(self) -> None:
        """End the launcher and every process at once, as a power cut does."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not self.processes(), 10.0)
        self._process.wait()
        self._reader.join(5.0)

    def processes(self) -> list[int]:
        """Return the processes that this launch started and that still run, the launcher too."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                environment = (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if f"{MARK}={self._mark}".encode() in environment and state != "Z":
                found.append(int(entry.name))
        return found

    def __enter__(self) -> "Launched":
        return self

    def __exit__(self, *exception: object) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self._process.wait()


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Wait until the condition holds; say whether it does."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True
