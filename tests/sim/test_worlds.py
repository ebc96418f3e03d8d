# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from world_contract import HOME, OBJECTS, WorldContract, to

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import KinematicsError
from rlcg_core.ports import World
from rlcg_core.reasons import Outcome
from rlcg_core.types import ToolPose
from rlcg_policy.kinematics import PinocchioKinematics
from rlcg_sim.description import find_urdf
from rlcg_sim.mock_world import MockWorld
from rlcg_sim.pybullet_world import PyBulletWorld

URDF = find_urdf(ROBOT1.urdf)


@pytest.fixture(scope="module")
def physics() -> Iterator[PyBulletWorld]:
    with PyBulletWorld(ROBOT1, URDF, renderer="tiny") as made:
        yield made


class TestMockWorld(WorldContract):
    @pytest.fixture
    def world(self) -> World:
        return MockWorld(ROBOT1, URDF)


class TestPyBulletWorld(WorldContract):
    arm_tolerance_rad = 0.01
    jaw_tolerance_m = 0.002

    @pytest.fixture
    def world(self, physics: PyBulletWorld) -> World:
        return physics


def pose_above(height_m: float) -> np.ndarray:
    kinematics = PinocchioKinematics(URDF, ROBOT1.arm)
    start = kinematics.tool_pose(HOME)
    position_m = np.array([*start.position_m[:2], ROBOT1.bin.floor_z_m + height_m])
    return kinematics.joints(ToolPose(position_m, start.yaw_rad), HOME)


@pytest.mark.parametrize(
    ("closed_at_m", "lifted_to_m", "outcome"),
    [(0.03, 0.2, Outcome.SUCCESS), (0.12, 0.22, Outcome.FAILURE), (0.03, 0.08, Outcome.FAILURE)],
)
def test_the_mock_grasps_by_the_letter(
    closed_at_m: float, lifted_to_m: float, outcome: Outcome
) -> None:
    world = MockWorld(ROBOT1, URDF)
    world.reset(1, OBJECTS)
    world.command_arm(to(pose_above(closed_at_m)))
    world.advance(0.6)
    world.command_gripper(0.0)
    world.advance(0.5)
    world.command_arm(to(pose_above(lifted_to_m)))
    world.advance(0.6)
    assert world.outcome() is outcome
    truth = world.truth()
    assert truth.lifted == ((truth.target,) if outcome is Outcome.SUCCESS else ())
    world.command_gripper(0.05)
    world.advance(0.5)
    assert world.outcome() is Outcome.FAILURE


def test_the_mock_stands_where_the_kinematics_say() -> None:
    world = MockWorld(ROBOT1, URDF)
    rng = np.random.default_rng(0)
    kinematics = PinocchioKinematics(URDF, ROBOT1.arm)
    for _ in range(20):
        joints = HOME + rng.uniform(-0.1, 0.1, 7)
        world.command_arm(to(joints, 0.1))
        world.advance(0.2)
        expected = kinematics.tool_pose(joints).position_m
        np.testing.assert_allclose(world.tool_position_m(), expected, atol=1e-9)


def test_a_description_without_the_chain_is_named() -> None:
    cell = replace(ROBOT1, arm=replace(ROBOT1.arm, tool_frame="hand"))
    with pytest.raises(KinematicsError, match="no chain from lbr_link_0 to hand"):
        MockWorld(cell, URDF)
