# SPDX-License-Identifier: Apache-2.0
"""The robot cell: what stands where, which joints there are, what the arm may do.

`ROBOT1` is the papers' first set-up: a Kuka iiwa before one bin, an over-the-shoulder camera.
Simulation builds the world from it; nodes take their default parameters from it.
"""

from dataclasses import dataclass, field

import numpy as np

from rlcg_core import camera, spec
from rlcg_core.errors import ConfigError


@dataclass(frozen=True)
class Workspace:
    """Axis-aligned box in the base frame that the tool centre point may not leave [m]."""

    low_m: tuple[float, float, float]
    high_m: tuple[float, float, float]


def workspace(low_m: tuple[float, ...], high_m: tuple[float, ...]) -> Workspace:
    """Return the box between two corners; raises `ConfigError` for other than three numbers."""
    if len(low_m) != 3 or len(high_m) != 3:
        raise ConfigError(
            f"workspace corners are {list(low_m)} and {list(high_m)} m, expected three numbers "
            "x, y, z each: without limits nothing moves"
        )
    return Workspace((low_m[0], low_m[1], low_m[2]), (high_m[0], high_m[1], high_m[2]))


@dataclass(frozen=True)
class ArmDescription:
    """Joints, limits and home of the arm. Limits are the datasheet's; the gate keeps a margin."""

    joint_names: tuple[str, ...]
    home_rad: tuple[float, ...]
    position_limit_rad: tuple[float, ...]
    speed_limit_rad_s: tuple[float, ...]
    base_frame: str = "lbr_link_0"
    tool_frame: str = "tcp"


@dataclass(frozen=True)
class GripperDescription:
    """A parallel jaw: one joint whose position is the opening between the fingers [m]."""

    joint_name: str = "gripper_joint"
    opening_max_m: float = 0.085
    close_time_s: float = 0.5


@dataclass(frozen=True)
class BinDescription:
    """An open box with its inner floor at ``floor_z_m`` of the base frame."""

    centre_xy_m: tuple[float, float] = (0.57, 0.0)
    inner_size_xy_m: tuple[float, float] = (0.34, 0.42)
    wall_height_m: float = 0.05
    floor_z_m: float = 0.0


@dataclass(frozen=True)
class Cell:
    """A whole set-up: arm, gripper, bin, nominal camera, workspace."""

    name: str
    arm: ArmDescription
    gripper: GripperDescription
    bin: BinDescription
    camera: camera.CameraModel
    workspace: Workspace
    tool_speed_limit_m_s: float = 0.25
    control_rate_hz: float = 3.0
    urdf: str = field(default="iiwa7_parallel_gripper.urdf")


def _robot1_camera() -> camera.CameraModel:
    width, height = spec.IMAGE_WIDTH_PX, spec.IMAGE_HEIGHT_PX
    intrinsics = camera.intrinsics_from_fov(width, height, float(np.deg2rad(36.0)))
    pose = camera.look_at(eye_m=(0.12, 0.50, 0.85), target_m=(0.575, 0.0, 0.03))
    return camera.CameraModel(width, height, intrinsics, pose)


ROBOT1 = Cell(
    name="robot1",
    arm=ArmDescription(
        joint_names=tuple(f"lbr_A{i}" for i in range(1, 8)),
        home_rad=(0.0, 0.55494, 0.0, -1.52786, 0.0, 1.05879, 0.0),
        position_limit_rad=tuple(np.deg2rad((170, 120, 170, 120, 170, 120, 175)).tolist()),
        speed_limit_rad_s=tuple(np.deg2rad((98, 98, 100, 130, 140, 180, 180)).tolist()),
    ),
    gripper=GripperDescription(),
    bin=BinDescription(),
    camera=_robot1_camera(),
    workspace=Workspace(low_m=(0.43, -0.19, 0.004), high_m=(0.71, 0.19, 0.28)),
)
