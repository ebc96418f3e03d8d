# SPDX-License-Identifier: Apache-2.0
"""What this machine computes with: a change of any of it makes old measurements worthless."""

import os
import platform
import subprocess
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
_KEYS = ("model name", "flags", "Features", "CPU implementer", "CPU part")


def default_threads() -> int:
    """Return min(4, cores): more only get in each other's way on these small graphs."""
    return min(4, len(os.sched_getaffinity(0)))


def cpu_description() -> str:
    """Return model, instruction sets and number of usable cores as one line."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    fields = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
    known = [fields[key] for key in _KEYS if key in fields]
    return " | ".join([platform.machine(), *known, f"{len(os.sched_getaffinity(0))} cores"])


def gpu_name() -> str:
    """Return name and driver version of the NVIDIA GPUs, empty where there are none."""
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10.0, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return "; ".join(line.strip() for line in done.stdout.splitlines() if line.strip())
