# SPDX-License-Identifier: Apache-2.0
"""What every `rlcg_core.ports.World` keeps, whatever it is made of. Subclass and give ``world``."""

import numpy as np
import pytest

from rlcg_core.bin_content import Filling
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import WorldError
from rlcg_core.ports import World
from rlcg_core.reasons import Outcome
from rlcg_core.types import ArmTrajectory, JointSample

OBJECTS = "procedural_train"
HOME = np.array(ROBOT1.arm.home_rad)
JAW = ROBOT1.gripper


def to(target: np.ndarray, duration_s: float = 0.5) -> ArmTrajectory:
    return ArmTrajectory(target[None], np.array([duration_s]), np.zeros((1, len(target))))


def arm_of(sample: JointSample) -> np.ndarray:
    return sample.pick(ROBOT1.arm.joint_names)


def jaw_of(sample: JointSample) -> float:
    return float(sample.pick((JAW.joint_name,))[0])


class WorldContract:
    """Tests of one world; ``arm_tolerance_rad`` and ``jaw_tolerance_m`` allow for its physics."""

    arm_tolerance_rad = 1e-9
    jaw_tolerance_m = 1e-9

    def test_a_reset_brings_arm_home_and_jaw_open(self, world: World) -> None:
        world.reset(3, OBJECTS)
        world.command_arm(to(HOME + 0.1))
        world.command_gripper(0.0)
        world.advance(1.0)
        info = world.reset(4, OBJECTS)
        sample = world.joint_sample()
        np.testing.assert_allclose(arm_of(sample), HOME, atol=max(1e-6, self.arm_tolerance_rad))
        assert jaw_of(sample) == pytest.approx(
            JAW.opening_max_m, abs=max(1e-6, self.jaw_tolerance_m)
        )
        assert (info.seed, info.renderer) == (4, world.renderer)
        assert len(info.object_names) > 0

    def test_unknown_objects_are_refused_with_the_known_ones(self, world: World) -> None:
        with pytest.raises(WorldError, match="procedural_test"):
            world.reset(0, "bananas")

    def test_time_passes_only_by_advancing_and_never_goes_back(self, world: World) -> None:
        world.reset(3, OBJECTS)
        before_s = world.time_s
        world.render()
        world.joint_sample()
        assert world.time_s == before_s
        world.advance(0.3)
        assert world.time_s - before_s == pytest.approx(0.3, abs=0.005)
        world.reset(3, OBJECTS)
        assert world.time_s >= before_s + 0.295

    def test_joints_are_named_and_stamped(self, world: World) -> None:
        world.reset(3, OBJECTS)
        sample = world.joint_sample()
        assert set(sample.names) == {*ROBOT1.arm.joint_names, JAW.joint_name}
        assert sample.positions.shape == sample.velocities.shape == (len(sample.names),)
        assert sample.stamp_s == world.time_s

    def test_the_arm_follows_a_trajectory_and_holds_its_end(self, world: World) -> None:
        world.reset(3, OBJECTS)
        target = HOME + np.array([0.1, -0.05, 0.05, 0.05, 0.0, 0.05, 0.2])
        world.command_arm(to(target, 0.6))
        world.advance(0.3)
        halfway = arm_of(world.joint_sample())
        assert 0.2 < float(halfway[6] - HOME[6]) / 0.2 < 0.8
        world.advance(0.6)
        end = arm_of(world.joint_sample())
        np.testing.assert_allclose(end, target, atol=max(1e-9, self.arm_tolerance_rad))
        world.advance(0.5)
        np.testing.assert_allclose(
            arm_of(world.joint_sample()), target, atol=max(1e-9, self.arm_tolerance_rad)
        )

    def test_a_new_trajectory_replaces_the_running_one_without_a_jump(self, world: World) -> None:
        world.reset(3, OBJECTS)
        target = HOME.copy()
        target[6] += 0.4
        world.command_arm(to(target, 0.8))
        world.advance(0.4)
        before = arm_of(world.joint_sample())
        world.command_arm(to(HOME, 0.8))
        world.advance(0.02)
        after = arm_of(world.joint_sample())
        assert np.max(np.abs(after - before)) < 0.03
        world.advance(1.0)
        np.testing.assert_allclose(
            arm_of(world.joint_sample()), HOME, atol=max(1e-9, self.arm_tolerance_rad)
        )

    def test_the_jaw_closes_and_opens_within_its_time(self, world: World) -> None:
        world.reset(3, OBJECTS)
        world.command_gripper(0.0)
        world.advance(JAW.close_time_s)
        assert jaw_of(world.joint_sample()) == pytest.approx(
            0.0, abs=max(1e-9, self.jaw_tolerance_m)
        )
        world.command_gripper(1.0)
        world.advance(JAW.close_time_s)
        assert jaw_of(world.joint_sample()) == pytest.approx(
            JAW.opening_max_m, abs=max(1e-9, self.jaw_tolerance_m)
        )

    def test_the_picture_fits_the_camera_and_shows_the_arm(self, world: World) -> None:
        world.reset(3, OBJECTS)
        image = world.render()
        assert image.shape == (world.camera.height_px, world.camera.width_px, 3)
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(world.render(), image)
        target = HOME.copy()
        target[0] += 0.2
        world.command_arm(to(target))
        world.advance(0.6)
        assert np.mean(np.any(world.render() != image, axis=2)) > 1e-3

    def test_one_seed_gives_one_scene_and_another_gives_another(self, world: World) -> None:
        first = world.reset(7, OBJECTS), world.render()
        other = world.reset(8, OBJECTS), world.render()
        again = world.reset(7, OBJECTS), world.render()
        assert first[0] == again[0]
        np.testing.assert_array_equal(first[1], again[1])
        assert not np.array_equal(first[1], other[1])

    def test_the_objects_stay_the_same_while_the_scenes_change(self, world: World) -> None:
        kept = Filling(count=6, objects_seed=99)
        first = world.reset(1, OBJECTS, kept), world.render()
        second = world.reset(2, OBJECTS, kept), world.render()
        assert first[0].object_names == second[0].object_names
        assert len(first[0].object_names) == 6
        assert not np.array_equal(first[1], second[1])

    def test_what_is_left_out_keeps_its_number_and_is_not_in_the_bin(self, world: World) -> None:
        full = world.reset(3, OBJECTS, Filling(count=3, objects_seed=5)).object_names
        rest = world.reset(3, OBJECTS, Filling(count=3, objects_seed=5, without=(0, 2)))
        assert rest.object_names == full
        assert world.truth().target == 1
        world.reset(3, OBJECTS, Filling(count=3, objects_seed=5, without=(0, 1, 2)))
        assert (world.truth().target, world.truth().lifted) == (-1, ())
        assert world.outcome() is Outcome.FAILURE

    def test_a_filling_without_wishes_changes_nothing(self, world: World) -> None:
        plain = world.reset(4, OBJECTS), world.render()
        wished = world.reset(4, OBJECTS, Filling(placement="centre")), world.render()
        assert plain[0] == wished[0]
        np.testing.assert_array_equal(plain[1], wished[1])

    def test_a_place_that_the_world_lacks_is_named(self, world: World) -> None:
        with pytest.raises(WorldError, match="bins at place 'left' are wanted"):
            world.reset(0, OBJECTS, Filling(placement="left"))

    def test_nothing_grasped_is_no_success(self, world: World) -> None:
        world.reset(3, OBJECTS)
        assert world.outcome() is Outcome.FAILURE
        world.command_gripper(0.0)
        world.advance(0.6)
        assert world.outcome() is Outcome.FAILURE
