# SPDX-License-Identifier: Apache-2.0
"""A cell without physics: the arm follows exactly, the picture is drawn with a few rectangles.

For a first contact within seconds and for tests of everything around the world. Grasps succeed by
the letter: the jaw was closed low over the bin and then lifted.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from rlcg_core.base_pose import AT_HOME, BasePose, draw_base_pose
from rlcg_core.bin_content import NO_FILLING, Filling
from rlcg_core.camera import project
from rlcg_core.cell import Cell
from rlcg_core.errors import WorldError
from rlcg_core.ports import RESET_TAKES_S, Truth
from rlcg_core.reasons import Outcome
from rlcg_core.trajectory import TrajectoryFollower
from rlcg_core.types import ArmTrajectory, ImageArray, JointSample, ResetInfo
from rlcg_sim.objects import OBJECT_SETS
from rlcg_sim.urdf_chain import read_chain, tip_transform

FloatArray = npt.NDArray[np.float64]

TIME_STEP_S = 0.005
OBJECT_WIDTH_M = 0.03
LOW_M = 0.06
LIFT_M = 0.08

_FLOOR_RGB, _BIN_RGB, _TOOL_RGB, _JAW_RGB = (
    (90, 90, 95),
    (150, 130, 100),
    (30, 30, 30),
    (230, 120, 20),
)


class MockWorld:
    """`rlcg_core.ports.World` without physics."""

    renderer = "mock"

    def __init__(self, cell: Cell, urdf: Path) -> None:
        self.cell, self.camera = cell, cell.camera
        self._chain = read_chain(urdf, cell.arm.base_frame, cell.arm.tool_frame)
        self._follower = TrajectoryFollower(np.array(cell.arm.home_rad))
        self._steps = 0
        self._objects_m: FloatArray = np.zeros((0, 3))
        self._inside: list[int] = []
        self.base_pose = AT_HOME
        self._restart_jaw()

    @property
    def time_s(self) -> float:
        """Simulated seconds since the world was made."""
        return self._steps * TIME_STEP_S

    def reset(self, seed: int, objects: str, filling: Filling = NO_FILLING) -> ResetInfo:
        """Arm home, jaw open, rectangles in the bin by ``seed``; raises `WorldError`."""
        if objects not in OBJECT_SETS:
            raise WorldError(f"objects is {objects!r}, expected one of {', '.join(OBJECT_SETS)}")
        self.base_pose = draw_base_pose(seed, self.cell, filling.placement)
        count = filling.count or self.cell.objects_per_scene
        self._follower.reset(np.array(self.cell.arm.home_rad))
        self._restart_jaw()
        rng = np.random.default_rng(seed)
        half = 0.4 * np.array(self.cell.bin.inner_size_xy_m)
        places = rng.uniform(-half, half, (count, 2)) + self.cell.bin.centre_xy_m
        heights = np.full((count, 1), self.cell.bin.floor_z_m + 0.02)
        self._inside = [number for number in range(count) if number not in filling.without]
        self._objects_m = np.hstack([places, heights])[self._inside]
        self._steps += round(RESET_TAKES_S / TIME_STEP_S)
        names = tuple(f"mock_{i}" for i in range(count))
        return ResetInfo(seed, self.renderer, names)

    def command_arm(self, trajectory: ArmTrajectory) -> None:
        """Replace the running trajectory, starting from the point commanded now."""
        self._follower.replace(trajectory)

    def command_gripper(self, opening_m: float) -> None:
        """Drive the jaw towards ``opening_m``, clipped to what it can do."""
        self._wanted_m = float(np.clip(opening_m, 0.0, self.cell.gripper.opening_max_m))

    def advance(self, duration_s: float) -> None:
        """Let time pass in whole steps of 5 ms."""
        for _ in range(round(duration_s / TIME_STEP_S)):
            self._steps += 1
            self._follower.advance(TIME_STEP_S)
            self._move_jaw()

    def drive_base(self, step: BasePose) -> None:
        """Move the base by ``step`` of its own frame; the drawing does not show it."""
        self.base_pose = self.base_pose.moved(step)

    def joint_sample(self) -> JointSample:
        """Return the joints, which are exactly as commanded."""
        names = (*self.cell.arm.joint_names, self.cell.gripper.joint_name)
        positions = np.append(self._follower.positions, self._opening_m)
        velocities = np.append(self._follower.velocities, 0.0)
        return JointSample(names, positions, velocities, self.time_s)

    def render(self) -> ImageArray:
        """Return a drawing: bin, objects, tool, jaw; it changes with the tool's pose."""
        image = np.empty((self.camera.height_px, self.camera.width_px, 3), dtype=np.uint8)
        image[:] = _FLOOR_RGB
        centre = np.array([*self.cell.bin.centre_xy_m, self.cell.bin.floor_z_m])
        self._blot(image, centre, max(self.cell.bin.inner_size_xy_m), _BIN_RGB)
        for i, place_m in zip(self._inside, self._objects_m, strict=True):
            self._blot(image, place_m, OBJECT_WIDTH_M, (200, 40 * (1 + i % 5), 200 - 40 * (i % 5)))
        tool_m = self.tool_position_m()
        self._blot(image, tool_m, 0.04, _TOOL_RGB)
        self._blot(image, tool_m, max(0.005, 0.5 * self._opening_m), _JAW_RGB)
        return image

    def outcome(self) -> Outcome:
        """Return SUCCESS once the jaw was closed low and lifted, else FAILURE."""
        return self.truth().outcome

    def truth(self) -> Truth:
        """Return the same, and the object nearest to the tool as the one grasped at."""
        if not self._inside:
            return Truth(Outcome.FAILURE, (), -1)
        tool_m = self.tool_position_m()
        away_m = np.linalg.norm(self._objects_m[:, :2] - tool_m[:2], axis=1)
        target = self._inside[int(np.argmin(away_m))]
        if self._closed_at_m is None or tool_m[2] <= self._closed_at_m + LIFT_M:
            return Truth(Outcome.FAILURE, (), target)
        return Truth(Outcome.SUCCESS, (target,), target)

    def close(self) -> None:
        """Release nothing: there is nothing to release."""

    def _restart_jaw(self) -> None:
        self._opening_m = self._wanted_m = self.cell.gripper.opening_max_m
        self._closed_at_m: float | None = None

    def _move_jaw(self) -> None:
        stride_m = self.cell.gripper.opening_max_m / self.cell.gripper.close_time_s * TIME_STEP_S
        change_m = float(np.clip(self._wanted_m - self._opening_m, -stride_m, stride_m))
        self._opening_m += change_m
        if change_m > 0.0:
            self._closed_at_m = None
        elif change_m < 0.0 and self._closed_at_m is None:
            height_m = float(self.tool_position_m()[2])
            low = height_m < self.cell.bin.floor_z_m + LOW_M
            self._closed_at_m = height_m if low else None

    def tool_position_m(self) -> FloatArray:
        """Return where the tool is (3,) in the base frame [m]."""
        names = self.cell.arm.joint_names
        return np.asarray(tip_transform(self._chain, names, self._follower.positions)[:3, 3])

    def _blot(
        self, image: ImageArray, centre_m: FloatArray, width_m: float, colour: tuple[int, int, int]
    ) -> None:
        """Fill the square that a thing of ``width_m`` at ``centre_m`` (3,) covers."""
        projection = self.camera.projection_base_to_px()
        x_px, y_px = project(projection, centre_m[None])[0]
        depth_m = float((projection @ np.append(centre_m, 1.0))[2])
        half_px = 0.5 * width_m * self.camera.intrinsics_px[0, 0] / depth_m
        rows = slice(max(0, round(y_px - half_px)), max(0, round(y_px + half_px) + 1))
        columns = slice(max(0, round(x_px - half_px)), max(0, round(x_px + half_px) + 1))
        image[rows, columns] = colour
