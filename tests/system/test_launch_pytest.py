# SPDX-License-Identifier: Apache-2.0
"""The behaviour of test_grasp_launch.py once more, by launch_pytest, where ROS 2 is installed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

launch_pytest = pytest.importorskip(
    "launch_pytest", reason="launch_pytest is not installed: it comes with ROS 2, not from PyPI"
)

from launch import LaunchDescription  # noqa: E402
from launch.actions import (  # noqa: E402
    IncludeLaunchDescription,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit  # noqa: E402
from launch.launch_description_sources import PythonLaunchDescriptionSource  # noqa: E402
from launched import wait_until  # noqa: E402

pytestmark = pytest.mark.system

Codes = dict[str, int]


@pytest.fixture
def codes() -> Codes:
    """Exit codes by executable, filled while the launch ends."""
    return {}


def description(root: Path, folder: Path, domain: int, codes: Codes, grasps: int) -> Any:
    """Return grasp.launch.py with the mock, writing into `folder`."""

    def note(event: Any, context: Any) -> None:
        codes[event.process_name.rsplit("-", 1)[0]] = event.returncode

    return LaunchDescription(
        [
            SetEnvironmentVariable("ROS_DOMAIN_ID", str(domain)),
            RegisterEventHandler(OnProcessExit(on_exit=note)),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(root / "launch/grasp.launch.py")),
                launch_arguments={
                    "backend": "mock",
                    "grasps": str(grasps),
                    "run_directory": str(folder),
                }.items(),
            ),
            launch_pytest.actions.ReadyToTest(),
        ]
    )


@launch_pytest.fixture
def two_grasps(repository: Path, tmp_path: Path, domain: int, codes: Codes) -> Any:
    """Two grasps, then the end."""
    return description(repository, tmp_path, domain, codes, 2)


@launch_pytest.fixture
def many_grasps(repository: Path, tmp_path: Path, domain: int, codes: Codes) -> Any:
    """More grasps than the test waits for."""
    return description(repository, tmp_path, domain, codes, 10_000)


@pytest.mark.launch(fixture=two_grasps)
def test_two_grasps_are_reported(two_grasps: Any, tmp_path: Path, codes: Codes) -> Iterator[None]:
    assert wait_until(lambda: "evaluate_node" in codes, 60.0), codes
    yield
    assert json.loads((tmp_path / "latest/report.json").read_text())["grasps"] == 2
    assert codes == {"sim_node": 0, "arm_node": 0, "policy_node": 0, "evaluate_node": 0}


@pytest.mark.launch(fixture=many_grasps)
def test_an_interrupt_ends_all_and_keeps_the_report(
    many_grasps: Any, tmp_path: Path, codes: Codes
) -> Iterator[None]:
    latest = tmp_path / "latest/report.json"
    assert wait_until(latest.is_file, 60.0), codes
    yield
    assert 1 <= json.loads(latest.read_text())["grasps"] < 10_000
    assert set(codes) == {"sim_node", "arm_node", "policy_node", "evaluate_node"}
