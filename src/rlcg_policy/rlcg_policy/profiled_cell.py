# SPDX-License-Identifier: Apache-2.0
"""The cell of a robot profile: arm and gripper from the profile, bin and camera as in training."""

from dataclasses import replace
from pathlib import Path

from rlcg_core.cell import ROBOT1, Cell
from rlcg_core.parameters import from_values
from rlcg_policy import profile
from rlcg_policy.arm_parameters import ArmParameters


def profiled_cell(name: str, share: Path, trained: Cell = ROBOT1) -> Cell:
    """Return the cell of a profile given by name or path, the rest as ``trained``.

    Raises `ConfigError`.
    """
    found = profile.load(profile.find(name, share))
    settings = from_values(ArmParameters, {**found.parameters, "profile": name})
    return replace(
        trained,
        name=found.name,
        arm=settings.arm,
        gripper=settings.gripper,
        control_rate_hz=settings.control_rate_hz,
        urdf=settings.urdf,
    )
