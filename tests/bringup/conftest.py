# SPDX-License-Identifier: Apache-2.0
"""The stand-in importable as `launch`, for the tests of this folder and their subprocesses."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
# Subprocesses test the sources too, not what was installed last.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(ROOT / "src/rlcg_bringup"), *filter(None, [os.environ.get("PYTHONPATH")])]
)


@pytest.fixture
def stand_in() -> Iterator[None]:
    """The stand-in under the names launch and launch_ros, gone again after the test."""
    from rlcg_bringup.minilaunch import finder

    if finder.real_launch_installed():
        pytest.skip("the real launch is installed, which the stand-in never replaces")
    # A command that ran in this process may have left its own.
    before = [found for found in sys.meta_path if not isinstance(found, finder._Finder)]
    sys.meta_path[:] = before
    _forget_launch()
    finder.install()
    yield
    sys.meta_path[:] = before
    _forget_launch()


def _forget_launch() -> None:
    """Let what a test imports as launch be new."""
    for name in list(sys.modules):
        if name.split(".")[0] in ("launch", "launch_ros"):
            del sys.modules[name]


@pytest.fixture
def launch_file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a launch file from the lines that make its list of actions."""

    def write(actions: str) -> Path:
        path = tmp_path / "test.launch.py"
        path.write_text(
            "import sys\n"
            "from launch import LaunchDescription\n"
            "from launch.actions import *\n"
            "from launch.conditions import *\n"
            "from launch.event_handlers import *\n"
            "from launch.substitutions import *\n"
            "from launch_ros.actions import *\n"
            "def python(code, **options):\n"
            "    return ExecuteProcess(cmd=[sys.executable, '-uc', code], output='screen', "
            "**options)\n"
            f"def generate_launch_description():\n    return LaunchDescription([{actions}])\n"
        )
        return path

    return write
