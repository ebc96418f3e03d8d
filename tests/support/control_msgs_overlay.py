# SPDX-License-Identifier: Apache-2.0
"""control_msgs for the processes of a test: the installed one, or the part that the gate uses.

No wheel holds control_msgs; its two gripper actions are built from `tests/interfaces`, once.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests/interfaces/control_msgs"
BUILD = ROOT / "build/test_interfaces"


def environment() -> dict[str, str]:
    """Return the variables to set for processes that import control_msgs; builds if needed."""
    support = str(Path(__file__).parent)
    if importlib.util.find_spec("control_msgs") is not None:
        return {"PYTHONPATH": _before("PYTHONPATH", support)}
    prefix = BUILD / "install"
    if not (prefix / "share/control_msgs/package.xml").is_file():
        _build(prefix)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = {
        "AMENT_PREFIX_PATH": prefix,
        "LD_LIBRARY_PATH": prefix / "lib",
        "PYTHONPATH": f"{support}{os.pathsep}{prefix / 'lib' / version / 'site-packages'}",
    }
    return {name: _before(name, str(place)) for name, place in places.items()}


def _before(name: str, place: str) -> str:
    return os.pathsep.join([place, *filter(None, [os.environ.get(name)])])


def _build(prefix: Path) -> None:
    wheels = [
        f"-DCMAKE_PROJECT_INCLUDE={ROOT / 'cmake/ros_wheels.cmake'}",
        f"-DPython3_EXECUTABLE={sys.executable}",
    ]
    options = wheels if (Path(sys.prefix) / ".wheels").exists() else []
    build = BUILD / "build"
    build.mkdir(parents=True, exist_ok=True)
    configure = ["cmake", "-S", str(SOURCE), "-B", str(build), f"-DCMAKE_INSTALL_PREFIX={prefix}"]
    for command in (
        [*configure, *options],
        ["cmake", "--build", str(build), "--target", "install"],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
