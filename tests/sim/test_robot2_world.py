# SPDX-License-Identifier: Apache-2.0
"""Robot 2's world: bins around a base that stands anywhere, and drives."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rlcg_core.base_pose import PLACES, BasePose, draw_base_pose
from rlcg_core.bin_content import Filling
from rlcg_core.cell import ROBOT1, ROBOT2
from rlcg_core.errors import WorldError
from rlcg_core.reasons import Outcome
from rlcg_core.robots import ROBOTS
from rlcg_core.rule import RuleParameters
from rlcg_sim.bin_row import BinRow
from rlcg_sim.household.catalogue import catalogue
from rlcg_sim.household.shapes import WALL_M
from rlcg_sim.mock_world import MockWorld
from rlcg_sim.motion import CellStepper
from rlcg_sim.objects import ObjectShape, household_object
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_train.rollout import run_attempt

ROOT = Path(__file__).resolve().parents[2]
URDF = ROOT / "config/urdf" / ROBOT2.urdf


@pytest.fixture(scope="module")
def world() -> Iterator[PyBulletWorld]:
    with PyBulletWorld(ROBOT2, URDF, renderer="tiny") as made:
        yield made


def test_objects_begin_in_the_bins_of_their_place_and_within_reach() -> None:
    half = 0.5 * np.array(ROBOT2.bin.inner_size_xy_m)
    for place, along in PLACES.items():
        filled = [c for c in ROBOT2.bin.centres_xy_m() if abs(c[1] - 0.4 * along) < 0.21]
        assert len(filled) == (1 if along in (-1.0, 0.0, 1.0) else 2)
        for seed in range(20):
            pose = draw_base_pose(seed, ROBOT2, place)
            spots = BinRow(ROBOT2, pose, place).draw_places(np.random.default_rng(seed), 12)
            assert len(spots) >= 1
            sine, cosine = np.sin(pose.yaw_rad), np.cos(pose.yaw_rad)
            placed = spots @ np.array([[cosine, sine], [-sine, cosine]]) + (pose.x_m, pose.y_m)
            inside = [np.all(np.abs(placed - centre) < half, axis=1) for centre in filled]
            assert np.all(np.any(inside, axis=0)), (place, seed)


def test_what_is_within_reach_in_a_bin_beside_stays_empty() -> None:
    aside = BasePose(y_m=0.15)
    spots = BinRow(ROBOT2, aside, "centre").draw_places(np.random.default_rng(0), 60)
    assert spots[:, 1].max() < 0.05
    everywhere = BinRow(ROBOT2, aside).draw_places(np.random.default_rng(0), 60)
    assert everywhere[:, 1].max() > 0.1


def test_one_bin_of_a_fixed_robot_is_as_it_was() -> None:
    boxes = BinRow(ROBOT1).boxes()
    assert len(boxes) == 6
    sizes, centres = (np.array(rows) for rows in zip(*boxes, strict=True))
    np.testing.assert_allclose(sizes[:2], [(1.2, 1.2, 0.02), (0.182, 0.222, 0.01)])
    np.testing.assert_allclose(centres[:2], [(0.4, 0.0, -0.04), (0.57, 0.0, -0.01)])


def test_three_bins_have_walls_between_them() -> None:
    assert len(BinRow(ROBOT2).boxes()) == 6 + 2


def test_a_scene_repeats_by_its_seed_at_its_place(world: PyBulletWorld) -> None:
    info = world.reset(4, "household_test", Filling(placement="left"))
    first, pose = world.render(), world.base_pose
    assert len(info.object_names) == ROBOT2.objects_per_scene
    world.reset(5, "household_test", Filling(placement="right"))
    assert not np.array_equal(world.render(), first)
    world.reset(4, "household_test", Filling(placement="left"))
    assert world.base_pose == pose
    np.testing.assert_array_equal(world.render(), first)
    with pytest.raises(WorldError, match=r"behind.*robot2 has"):
        world.reset(4, "household_test", Filling(placement="behind"))


def test_a_drive_and_back_leaves_bins_and_objects_where_they_were(world: PyBulletWorld) -> None:
    world.reset(6, "household_test")
    bodies = [*world._bin, *world.objects]

    def seen() -> np.ndarray:
        return np.array([sum(world.client.getBasePositionAndOrientation(b), ()) for b in bodies])

    before, pose = seen(), world.base_pose
    step = BasePose(-0.2, 0.1, 0.3)
    world.drive_base(step)
    moved = seen()
    assert np.abs(moved - before).max() > 0.1
    np.testing.assert_allclose(moved[:, 2], before[:, 2], atol=1e-9)
    world.advance(0.5)
    np.testing.assert_allclose(seen()[:, :3], moved[:, :3], atol=3e-3)
    ((ahead_m, left_m),) = step.seen_from_base([(0.0, 0.0)]).tolist()
    world.drive_base(BasePose(ahead_m, left_m, -step.yaw_rad))
    assert tuple(vars(world.base_pose).values()) == pytest.approx(tuple(vars(pose).values()))
    np.testing.assert_allclose(seen()[:, :3], before[:, :3], atol=3e-3)


def test_the_mock_stands_and_drives_too() -> None:
    mock = MockWorld(ROBOT2, URDF)
    mock.reset(3, "household_test", Filling(placement="right"))
    assert mock.base_pose == draw_base_pose(3, ROBOT2, "right")
    mock.drive_base(BasePose(x_m=-0.25))
    assert mock.base_pose.x_m < -0.2


@pytest.mark.parametrize("name", ["train_cup_0", "train_mug_1", "test_mug_2"])
def test_a_standing_vessel_is_lifted_by_its_rim(name: str) -> None:
    """One finger inside, one outside: what is hollow is hollow for the jaw too."""
    (shape,) = [one for one in catalogue(name.split("_")[0]) if one.name == name]

    def draw(rng: np.random.Generator, count: int) -> list[ObjectShape]:
        return [household_object(shape, (0.2, 0.4, 0.8))] * count

    points = shape.skin.vertices_m
    rim = points[points[:, 2] > points[:, 2].max() - 1e-6]
    axis_x_m, radius_m = float(rim[:, 0].mean()), float(np.ptp(rim[:, 1]) / 2)
    with PyBulletWorld(ROBOT2, URDF, renderer="tiny", object_sets={"one": draw}) as world:
        world.reset(3, "one", Filling(count=1, placement="centre"))
        (body,) = world.objects
        stands = (0.565 - axis_x_m, 0.0, -float(points[:, 2].min()) + 0.001)
        world.client.resetBasePositionAndOrientation(body, stands, (0, 0, 0, 1))
        goal = np.array([0.565, radius_m - 0.5 * WALL_M, 0.0])
        rule = ROBOTS["robot2"].rule
        attempt = run_attempt(world, CellStepper(world), lambda o, m: goal, rule, lambda s: False)
        tool = world.tool_pose()
    assert attempt.outcome is Outcome.SUCCESS
    assert tool.position_m[2] > 0.2


def test_what_differs_between_the_robots_is_data_in_one_place() -> None:
    assert set(ROBOTS) == {"robot1", "robot2"}
    assert ROBOTS["robot1"].rule == RuleParameters()
    assert {robot.cell.name for robot in ROBOTS.values()} == set(ROBOTS)
