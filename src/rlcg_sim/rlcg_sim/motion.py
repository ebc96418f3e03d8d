# SPDX-License-Identifier: Apache-2.0
"""One control step of the simulated cell without ROS, planned by the gate's own planner."""

import numpy as np

from rlcg_core.limits import GateLimits
from rlcg_core.motion import MotionPlanner
from rlcg_core.observer import Observer, SensedImage, SensedJoints
from rlcg_core.types import Action, Observation
from rlcg_sim.pybullet_world import PyBulletWorld


class CellStepper:
    """Carries out actions of the spec in a world, as the gate and the robot would."""

    def __init__(self, world: PyBulletWorld) -> None:
        self._world = world
        self._limits = GateLimits.of_cell(world.cell)
        self._observer = Observer(world.cell, world.kinematics)
        self._projection = world.camera.projection_base_to_px()
        self.restart()

    def restart(self) -> None:
        """Forget the last episode; call after every reset of the world."""
        cell = self._world.cell
        self._planner = MotionPlanner(self._limits, cell.gripper, self._world.kinematics)
        self._closed = False

    def observe(self, with_image: bool = True) -> Observation:
        """Return the observation of this instant; without an image, a black one stands in."""
        world = self._world
        sample = world.joint_sample()
        tool = self._observer.tool_pose(SensedJoints(sample, sample.stamp_s))
        height, width = world.camera.height_px, world.camera.width_px
        pixels = world.render() if with_image else np.zeros((height, width, 3), np.uint8)
        image = SensedImage(pixels, self._projection, sample.stamp_s, sample.stamp_s)
        return self._observer.observe(image, tool, self._closed)

    def perform(self, action: Action) -> None:
        """Move by ``action``, cut to the workspace, and let the step pass.

        Raises `GateError` for what the gate would refuse.
        """
        joints = self._world.joint_sample().positions[:-1]
        inside = self._observer.inside(action, self._world.kinematics.tool_pose(joints))
        motion = self._planner.step(inside, joints, joints)
        self._closed = action.close or (self._closed and not action.open)
        self._world.command_arm(motion.trajectory)
        self._world.command_gripper(motion.opening_m)
        self._world.advance(max(float(motion.trajectory.times_s[-1]), motion.opening_duration_s))
