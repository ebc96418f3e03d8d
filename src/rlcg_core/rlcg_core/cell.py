# SPDX-License-Identifier: Apache-2.0
"""The robot cell: what stands where, which joints there are, what the arm may do.

`ROBOT1` is the papers' first set-up: a Kuka iiwa before one bin, an over-the-shoulder camera.
`ROBOT2` is their second: an arm on a mobile base, before three adjacent bins. What is learned and
measured with each stands in `rlcg_core.robots`. Simulation builds the world from it; nodes take
their default parameters from it.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

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
    """An open box with its inner floor at ``floor_z_m`` of the base frame.

    ``count`` of them stand in a row along y, ``pitch_m`` from one centre to the next; the middle
    one of an odd number stands at ``centre_xy_m``.
    """

    centre_xy_m: tuple[float, float] = (0.57, 0.0)
    inner_size_xy_m: tuple[float, float] = (0.34, 0.42)
    wall_height_m: float = 0.05
    floor_z_m: float = 0.0
    count: int = 1
    pitch_m: float = 0.0

    def centres_xy_m(self) -> npt.NDArray[np.float64]:
        """Return the bins' centres (count, 2) with the base at its nominal place, left one last."""
        along_y = self.pitch_m * (np.arange(self.count) - 0.5 * (self.count - 1))
        return np.array(self.centre_xy_m) + np.column_stack([np.zeros(self.count), along_y])


@dataclass(frozen=True)
class GoalArea:
    """Rectangle of the base frame in which grasps are sought."""

    centre_xy_m: tuple[float, float]
    size_xy_m: tuple[float, float]


@dataclass(frozen=True)
class BaseDescription:
    """A mobile base under the arm: it stands still while the arm works.

    Its place is drawn before each episode: around a named one by up to ``jitter_m`` along x and y
    and ``jitter_rad`` of yaw. It drives at most at these speeds.
    """

    jitter_m: float
    jitter_rad: float
    speed_limit_m_s: float
    turn_limit_rad_s: float
    footprint_frame: str = "base_link"
    odom_frame: str = "odom"


@dataclass(frozen=True)
class Cell:
    """A whole set-up: arm, gripper, bins, nominal camera, workspace, base if it is mobile.

    ``goals`` None: grasps are sought all over the bin.
    """

    name: str
    arm: ArmDescription
    gripper: GripperDescription
    bin: BinDescription
    camera: camera.CameraModel
    workspace: Workspace
    tool_speed_limit_m_s: float = 0.25
    control_rate_hz: float = 3.0
    urdf: str = field(default="iiwa7_parallel_gripper.urdf")
    goals: GoalArea | None = None
    base: BaseDescription | None = None
    objects_per_scene: int = 5

    @property
    def goal_area(self) -> GoalArea:
        """Where grasps are sought."""
        return self.goals or GoalArea(self.bin.centre_xy_m, self.bin.inner_size_xy_m)


def _camera(
    eye_m: tuple[float, ...], target_m: tuple[float, ...], fov_deg: float
) -> camera.CameraModel:
    width, height = spec.IMAGE_WIDTH_PX, spec.IMAGE_HEIGHT_PX
    intrinsics = camera.intrinsics_from_fov(width, height, float(np.deg2rad(fov_deg)))
    return camera.CameraModel(width, height, intrinsics, camera.look_at(eye_m, target_m))


_IIWA7 = ArmDescription(
    joint_names=tuple(f"lbr_A{i}" for i in range(1, 8)),
    home_rad=(0.0, 0.55494, 0.0, -1.52786, 0.0, 1.05879, 0.0),
    position_limit_rad=tuple(np.deg2rad((170, 120, 170, 120, 170, 120, 175)).tolist()),
    speed_limit_rad_s=tuple(np.deg2rad((98, 98, 100, 130, 140, 180, 180)).tolist()),
)

ROBOT1 = Cell(
    name="robot1",
    arm=_IIWA7,
    gripper=GripperDescription(),
    bin=BinDescription(),
    camera=_camera((0.12, 0.50, 0.85), (0.575, 0.0, 0.03), 36.0),
    workspace=Workspace(low_m=(0.43, -0.19, 0.004), high_m=(0.71, 0.19, 0.28)),
)

# The papers name neither arm nor base nor bins: the same arm on a box with wheels, written here.
# Its camera stands on the base, so that the bins are seen from another angle at each place.
ROBOT2 = Cell(
    name="robot2",
    arm=_IIWA7,
    gripper=GripperDescription(),
    bin=BinDescription(inner_size_xy_m=(0.36, 0.38), count=3, pitch_m=0.40),
    camera=_camera((0.12, 0.46, 0.90), (0.565, 0.0, 0.03), 38.0),
    workspace=Workspace(low_m=(0.42, -0.22, 0.003), high_m=(0.71, 0.22, 0.28)),
    urdf="iiwa7_mobile_base.urdf",
    goals=GoalArea(centre_xy_m=(0.565, 0.0), size_xy_m=(0.33, 0.48)),
    base=BaseDescription(jitter_m=0.03, jitter_rad=0.12, speed_limit_m_s=0.3, turn_limit_rad_s=0.5),
    objects_per_scene=6,
)
