# SPDX-License-Identifier: Apache-2.0
"""Python, its packages, and whether installed programs find them."""

import importlib
import os
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points
from importlib.util import find_spec
from pathlib import Path

from rlcg_policy.doctor.finding import Findings

OLDEST, NEWEST = (3, 10), (3, 12)
PACKAGES = ("numpy", "onnxruntime", "cv2", "pinocchio", "yaml", "rclpy")
RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino")
# Their programs import torch, which takes seconds and is not needed to grasp.
HEAVY = ("rlcg_train", "rlcg_bench")


def check_python(report: Findings, version: tuple[int, int] = sys.version_info[:2]) -> None:
    """Add the interpreter."""
    text = f"{version[0]}.{version[1]} at {sys.executable}"
    if OLDEST <= version <= NEWEST:
        report.ok("python", text)
    else:
        expected = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
        report.warning("python", text, expected, "make clean setup PYTHON=python3.11")


def check_packages(report: Findings) -> None:
    """Add the versions of what serving needs, and complain about two builds of onnxruntime."""
    found = []
    for name in PACKAGES:
        with report.attempt(f"package {name}"):
            version = getattr(importlib.import_module(name), "__version__", "")
            found.append(f"{name} {version}".strip())
    report.ok("packages", ", ".join(found))
    there = [name for name in RUNTIMES if _installed(name)]
    if len(there) > 1:
        report.error(
            "packages",
            f"{' and '.join(there)}, which overwrite each other",
            "one of them",
            "uninstall all of them, then install one: make clean setup",
        )


def check_entry_points(report: Findings) -> None:
    """Add whether each program and command of ours can be imported by this Python."""
    found = [one for group in ("console_scripts", "rlcg.commands") for one in _ours(group)]
    bad = {one.value: text for one in found if (text := _fault(one))}
    for value, text in bad.items():
        report.error("entry points", f"{value} cannot be imported ({text})", "", "run make build")
    if not found:
        report.error("entry points", "none of rlcg", "installed packages", "run make build")
    elif not bad:
        report.ok("entry points", f"{len(found)} can be imported")


def check_executables(report: Findings, environment: Mapping[str, str]) -> None:
    """Add whether the installed programs run on this Python: another one lacks the packages."""
    programs = list(_programs(environment.get("AMENT_PREFIX_PATH", "")))
    for path, interpreter in programs:
        if Path(interpreter).parent.parent.resolve() != Path(sys.prefix).resolve():
            report.error(
                "executables",
                f"{path.name} runs on {interpreter}",
                f"the Python of {sys.prefix}, which has the packages",
                "build within the environment: . scripts/env.sh && scripts/build.sh",
            )
            return
    if programs:
        report.ok("executables", f"{len(programs)} run on {sys.prefix}")
    else:
        report.absent("executables", "none in AMENT_PREFIX_PATH", "source install/setup.bash")


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _ours(group: str) -> list[EntryPoint]:
    return [one for one in entry_points(group=group) if one.value.startswith("rlcg_")]


def _fault(one: EntryPoint) -> str:
    """Return why an entry point cannot be used, empty if it can."""
    try:
        if one.value.startswith(HEAVY):
            return "" if find_spec(one.module) else "no such module"
        one.load()
    except (ImportError, AttributeError) as error:
        return str(error)
    return ""


def _programs(prefixes: str) -> list[tuple[Path, str]]:
    """Return installed programs of rlcg with the interpreter that their first line names."""
    found = []
    for prefix in filter(None, prefixes.split(os.pathsep)):
        for path in sorted(Path(prefix).glob("lib/rlcg_*/*")):
            with path.open("rb") as stream:
                words = stream.readline().decode(errors="replace").split()
            # "#!/usr/bin/env python3" takes that of the caller, which is this one.
            if words and words[0].startswith("#!") and not words[0].endswith("/env"):
                found.append((path, words[0][2:]))
    return found
