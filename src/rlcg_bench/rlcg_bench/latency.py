# SPDX-License-Identifier: Apache-2.0
"""From image to command: a real policy_node and a camera in two processes over DDS."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rlcg_bench.bars import Bar
from rlcg_bench.latency_record import LatencyRecord
from rlcg_bench.section import Cell, Section
from rlcg_core.errors import WorldError
from rlcg_core.statistics import median, percentile

EXTRA_MS_LIMIT = 10.0
TAIL_LIMIT = 2.0
OUTSIDE_MS_LIMIT = 1.0
FRAME_LIMIT_S = 30.0
START_LIMIT_S = 300.0
END_LIMIT_S = 10.0
NOTES = (
    "step: frame handed to policy_node's callback -> command published. outside: of that, all but "
    "the network's run. image to command: image published by the camera's process (DDS source "
    "timestamp) -> command published; it contains the image's way through DDS. round trip: image "
    "published -> command received there.",
)


@dataclass(frozen=True)
class Setting:
    """One measurement: which bundle serves by which plan, how many frames, how many joint states.

    ``model``: a folder, or a name below share/rlcg_policy/models.
    """

    model: str
    frames: int = 1000
    image_rate_hz: float = 30.0
    joint_rate_hz: float = 30.0
    plan: str = "auto"

    @property
    def title(self) -> str:
        """Return the name of the row."""
        return f"{Path(self.model).name}, joints at {self.joint_rate_hz:g} Hz"


def measure(settings: Sequence[Setting]) -> Section:
    """Measure each setting after the other; raises `WorldError` for a process that fails."""
    records = [record(setting) for setting in settings]
    pairs = list(zip(settings, records, strict=True))
    return Section(
        title="image to command, two processes over DDS",
        rows=tuple(_row(setting, found) for setting, found in pairs),
        bars=tuple(bar for setting, found in pairs for bar in bars(setting, found)),
        notes=NOTES,
    )


def bars(setting: Setting, found: LatencyRecord) -> tuple[Bar, Bar, Bar]:
    """Return what the record is held against."""
    delay_ms, step_ms = median(found.image_to_command_ms), median(found.step_ms)
    tail_ms = percentile(found.image_to_command_ms, 99)
    extra_ms = tail = None
    if delay_ms is not None and step_ms is not None and tail_ms is not None:
        extra_ms, tail = delay_ms - step_ms, tail_ms / delay_ms
    return (
        Bar(f"{setting.title}: median beyond the step [ms]", extra_ms, EXTRA_MS_LIMIT, "at most"),
        Bar(f"{setting.title}: p99 / median", tail, TAIL_LIMIT, "at most"),
        Bar(
            f"{setting.title}: outside the network's run [ms]",
            median(found.outside_ms),
            OUTSIDE_MS_LIMIT,
            "at most",
        ),
    )


def _row(setting: Setting, found: LatencyRecord) -> dict[str, Cell]:
    delays_ms = found.image_to_command_ms
    return {
        "model": Path(setting.model).name,
        "joints_hz": setting.joint_rate_hz,
        "camera_hz": found.image_rate_hz,
        "frames": len(found.step_ms),
        "episodes": found.episodes,
        "step_ms": median(found.step_ms),
        "outside_ms": median(found.outside_ms),
        "step_p99_ms": percentile(found.step_ms, 99),
        "image_to_command_ms": median(delays_ms),
        "p95_ms": percentile(delays_ms, 95),
        "p99_ms": percentile(delays_ms, 99),
        "max_ms": max(delays_ms, default=None),
        "round_trip_ms": median(found.round_trip_ms),
    }


def record(setting: Setting) -> LatencyRecord:
    """Run camera and policy until ``frames`` decisions are made; raises `WorldError`.

    They talk in a namespace of their own, so that no robot nearby takes a command.
    """
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        path = Path(name) / "record.json"
        options: dict[str, object] = {
            "autostart": True,
            "model": setting.model,
            "plan": setting.plan,
            "rate_hz": 100.0,
            "max_steps": 10_000,
            "max_duration_s": 3600.0,
        }
        policy = stack.enter_context(_Node("rlcg_policy.policy_node", Path(name), options))
        options = {
            "record": path,
            "frames": setting.frames,
            "image_rate_hz": setting.image_rate_hz,
            "joint_rate_hz": setting.joint_rate_hz,
            "wait_s": START_LIMIT_S,
        }
        camera = stack.enter_context(_Node("rlcg_bench.latency_node", Path(name), options))
        camera.wait_for_end(START_LIMIT_S + FRAME_LIMIT_S * setting.frames, policy)
        return LatencyRecord.read(path)


class _Node:
    """A node as a process of its own, in this process's namespace."""

    def __init__(self, module: str, folder: Path, options: dict[str, object]) -> None:
        self._name = module.rsplit(".", 1)[1]
        self._log = folder / f"{self._name}.log"
        arguments = ["-r", f"__ns:=/latency_{os.getpid()}"]
        for key, value in options.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            arguments += ["-p", f"{key}:={text}"]
        with self._log.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, "--ros-args", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def wait_for_end(self, limit_s: float, other: "_Node") -> None:
        """Wait until this node has ended well while ``other`` runs; raises `WorldError`."""
        until_s = time.monotonic() + limit_s
        while self._process.poll() is None:
            if time.monotonic() > until_s:
                raise WorldError(f"{self._name} did not end within {limit_s:g} s: {self._last}")
            if other._process.poll() is not None:
                raise WorldError(f"{other._name} ended early: {other._last}")
            time.sleep(0.1)
        if self._process.returncode != 0:
            raise WorldError(f"{self._name} failed: {self._last}; {other._name}: {other._last}")

    @property
    def _last(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"

    def __enter__(self) -> "_Node":
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
