# SPDX-License-Identifier: Apache-2.0
"""The cell that an evaluation measures is the one of the profile."""

from pathlib import Path

import pytest

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import ConfigError
from rlcg_policy.profiled_cell import profiled_cell


def test_the_simulated_profile_is_the_cell_of_robot_1(repository: Path) -> None:
    cell = profiled_cell("sim", repository)
    assert cell.arm.joint_names == ROBOT1.arm.joint_names
    assert cell.arm.home_rad == pytest.approx(ROBOT1.arm.home_rad)
    assert cell.gripper == ROBOT1.gripper
    assert (cell.urdf, cell.bin, cell.control_rate_hz) == (ROBOT1.urdf, ROBOT1.bin, 3.0)


def test_a_profile_without_a_robot_is_refused(repository: Path) -> None:
    with pytest.raises(ConfigError, match="does not give"):
        profiled_cell("generic_ros2_control", repository)
