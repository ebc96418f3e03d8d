# SPDX-License-Identifier: Apache-2.0
"""The machine that a run was made on, and how busy it was."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

CPUINFO = Path("/proc/cpuinfo")
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
# Instruction sets that decide how fast a network can be.
TELLING = (
    "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "avx512_fp16",
    "amx_tile", "amx_bf16", "amx_int8", "asimd", "asimddp", "i8mm", "bf16",
)  # fmt: skip
PACKAGES = ("numpy", "onnx", "onnxruntime", "torch", "pybullet")


def flags() -> frozenset[str]:
    """Return all instruction sets that Linux names; empty where it cannot be read."""
    fields = _cpuinfo()
    return frozenset(fields.get("flags", fields.get("Features", "")).split())


def describe() -> dict[str, Any]:
    """Return processor, cores, governor and versions."""
    found = flags()
    return {
        "cpu": _cpuinfo().get("model name", platform.processor() or "unknown"),
        "architecture": platform.machine(),
        "flags": [name for name in TELLING if name in found],
        "cores": len(os.sched_getaffinity(0)),
        "governor": _text(GOVERNOR),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def load() -> list[float]:
    """Return the load averages of 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def _cpuinfo() -> dict[str, str]:
    pairs = (line.split(":", 1) for line in _text(CPUINFO).splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "unknown"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"
