# SPDX-License-Identifier: Apache-2.0
"""The cell in PyBullet, behind the `rlcg_core.ports.World` port.

A reset rebuilds the whole simulation, so that one seed gives one episode, byte for byte, whatever
came before it.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pybullet
from pybullet_utils.bullet_client import BulletClient

from rlcg_core.base_pose import BasePose, draw_base_pose
from rlcg_core.bin_content import NO_FILLING, Filling
from rlcg_core.cell import Cell
from rlcg_core.ports import RESET_TAKES_S, Truth
from rlcg_core.reasons import Outcome
from rlcg_core.trajectory import TrajectoryFollower
from rlcg_core.types import ArmTrajectory, ImageArray, JointSample, ResetInfo, ToolPose
from rlcg_sim import scene
from rlcg_sim.arm import SimArm
from rlcg_sim.bin_row import BinRow
from rlcg_sim.ghost_arm import GhostArm
from rlcg_sim.looks.look import Look, Outfit, PlainLook
from rlcg_sim.looks.photographer import Photo, Photographer
from rlcg_sim.looks.stage import Stage
from rlcg_sim.objects import BUILT_IN, ObjectSets, draw_objects
from rlcg_sim.renderer import Renderer

FloatArray = npt.NDArray[np.float64]

LIFTED_M = 0.08


class PyBulletWorld:
    """Physics, camera and truth of one cell."""

    def __init__(
        self,
        cell: Cell,
        urdf: Path,
        gui: bool = False,
        renderer: str = "auto",
        look: Look | None = None,
        object_sets: ObjectSets = BUILT_IN,
    ) -> None:
        """``look``: how it is shown, plain if none is given. Raises `WorldError`."""
        self.cell, self.camera = cell, cell.camera
        self._urdf, self._object_sets = urdf, object_sets
        self.client: Any = BulletClient(pybullet.GUI if gui else pybullet.DIRECT)
        self._renderer = Renderer(self.client, renderer, gui)
        self.renderer = self._renderer.name
        self._photographer = Photographer(self._renderer, self.camera, look or PlainLook())
        self.kinematics = GhostArm(cell, urdf)
        self._steps = 0
        self._inside: list[int] = []
        self._rest_z_m: FloatArray = np.zeros(0)
        self._build(BinRow(cell))

    @property
    def base_pose(self) -> BasePose:
        """Where the base stands before the bins."""
        return self._row.pose

    @property
    def time_s(self) -> float:
        """Simulated seconds since the world was made."""
        return self._steps * scene.TIME_STEP_S

    def _build(self, row: BinRow) -> None:
        self.client.resetSimulation()
        scene.configure_physics(self.client)
        self._row = row
        self._bin = scene.build_bins(self.client, self._row)
        self.arm = SimArm(self.client, self.cell, self._urdf)
        home = np.array(self.cell.arm.home_rad)
        self._opening_m = self.cell.gripper.opening_max_m
        self._follower = TrajectoryFollower(home)
        self.arm.place(home, self._opening_m)
        self.objects: list[int] = []
        self._set_stage(seed=0)

    def _set_stage(self, seed: int) -> None:
        self.stage = Stage(self.client, self.cell, self._bin, self.arm.body, self.objects)
        self._photographer.begin(self.stage, seed)
        self._first_step = self._steps

    def reset(self, seed: int, objects: str, filling: Filling = NO_FILLING) -> ResetInfo:
        """Rebuild the cell and fill the bins by ``seed``; raises `WorldError`."""
        base_pose = draw_base_pose(seed, self.cell, filling.placement)
        rng = np.random.default_rng(seed)
        draw = np.random.default_rng(filling.objects_seed) if filling.objects_seed else rng
        count = filling.count or self.cell.objects_per_scene
        shapes = draw_objects(draw, objects, count, self._object_sets)
        self._build(BinRow(self.cell, base_pose, filling.placement))
        self._inside = [i for i in range(len(shapes)) if i not in filling.without]
        inside = [shapes[i] for i in self._inside]
        self.objects = scene.drop_objects(self.client, self._row, rng, inside)
        self._rest_z_m = self._object_positions()[:, 2]
        self._steps += round(RESET_TAKES_S / scene.TIME_STEP_S)
        self._set_stage(seed)
        return ResetInfo(seed, self.renderer, tuple(shape.name for shape in shapes))

    def command_arm(self, trajectory: ArmTrajectory) -> None:
        """Replace the running trajectory, starting from the point commanded now."""
        self._follower.replace(trajectory)

    def command_gripper(self, opening_m: float) -> None:
        """Drive the jaw towards ``opening_m``, clipped to what it can do."""
        self._opening_m = float(np.clip(opening_m, 0.0, self.cell.gripper.opening_max_m))

    def advance(self, duration_s: float) -> None:
        """Step physics for ``duration_s``, rounded to whole steps."""
        for _ in range(round(duration_s / scene.TIME_STEP_S)):
            self.arm.drive(self._follower.advance(scene.TIME_STEP_S), self._opening_m)
            self.client.stepSimulation()
            self._steps += 1

    def drive_base(self, step: BasePose) -> None:
        """Move the base by ``step`` of its own frame: the bins and all in them go the other way."""
        self._row = replace(self._row, pose=self._row.pose.moved(step))
        scene.shift(self.client, [*self._bin, *self.objects], step)

    def joint_sample(self) -> JointSample:
        """Return measured joints, stamped with simulated time."""
        sample = self.arm.joint_sample()
        return JointSample(sample.names, sample.positions, sample.velocities, self.time_s)

    def tool_pose(self) -> ToolPose:
        """Return the measured tool pose."""
        return self.arm.tool_pose()

    def render(self) -> ImageArray:
        """Return the camera's picture."""
        return self._photographer.picture(self._steps - self._first_step)

    def outfit(self) -> Outfit:
        """Return what the scene wears at this instant."""
        return self._photographer.outfit(self._steps - self._first_step)

    def photograph(self, outfit: Outfit) -> Photo:
        """Return this instant in any outfit, and what is seen where."""
        return self._photographer.photograph(outfit, self._steps - self._first_step)

    def _object_positions(self) -> FloatArray:
        """Return the objects' centres (n, 3) [m]."""
        poses = [self.client.getBasePositionAndOrientation(body)[0] for body in self.objects]
        return np.array(poses, dtype=np.float64).reshape(-1, 3)

    def outcome(self) -> Outcome:
        """Return SUCCESS when an object hangs well above the bin, held between closed fingers."""
        return self.truth().outcome

    def truth(self) -> Truth:
        """Return the same, the objects held up, and the one that was grasped at."""
        if not self.objects:
            return Truth(Outcome.FAILURE, (), -1)
        places = self._object_positions()
        heights, floor = places[:, 2], self.cell.bin.floor_z_m
        up = (heights - self._rest_z_m > LIFTED_M) & (heights - floor > LIFTED_M)
        touched = [bool(self.client.getContactPoints(self.arm.body, b)) for b in self.objects]
        held = np.flatnonzero(up & np.array(touched))
        if len(held):
            lifted = tuple(self._inside[i] for i in held)
            return Truth(Outcome.SUCCESS, lifted, lifted[0])
        away_m = np.linalg.norm(places[:, :2] - self.arm.tool_pose().position_m[:2], axis=1)
        return Truth(Outcome.FAILURE, (), self._inside[int(np.argmin(away_m))])

    def close(self) -> None:
        """Disconnect from the physics server; safe to call twice."""
        if self.client.isConnected():
            self._renderer.close()
            self.kinematics.close()
            self.client.disconnect()

    def __enter__(self) -> "PyBulletWorld":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
