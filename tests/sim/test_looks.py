# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import ConfigError, WorldError
from rlcg_core.types import Action
from rlcg_sim.description import find_urdf
from rlcg_sim.looks import canonical, patterns
from rlcg_sim.looks.built_in import LOOKS, make_look
from rlcg_sim.looks.pairs import Pair, take_pair
from rlcg_sim.looks.randomized import RandomizedLook
from rlcg_sim.looks.stage import Part
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld

Open = Callable[[str], PyBulletWorld]
ACTIONS = (Action(np.array([0.03, -0.04, -0.05]), 0.3), Action(np.zeros(3), close=True))


@pytest.fixture(scope="module")
def worlds() -> Iterator[Open]:
    """Open each world once."""
    opened: dict[str, PyBulletWorld] = {}
    with ExitStack() as stack:

        def open_world(name: str) -> PyBulletWorld:
            if name not in opened:
                world = PyBulletWorld(ROBOT1, find_urdf(ROBOT1.urdf), look=make_look(name))
                opened[name] = stack.enter_context(world)
            return opened[name]

        yield open_world


def trajectory(world: PyBulletWorld, seed: int) -> list[bytes]:
    """Return joints and objects of an episode of fixed actions, pictures taken on the way."""
    world.reset(seed, "mixed_train")
    stepper, states = CellStepper(world), []
    for action in ACTIONS:
        world.render()
        stepper.perform(action)
        poses = [world.client.getBasePositionAndOrientation(body) for body in world.objects]
        states += [np.array(world.joint_sample().positions).tobytes(), repr(poses).encode()]
    return states


def test_physics_are_the_same_in_every_world(worlds: Open) -> None:
    expected = trajectory(worlds("sim"), 5)
    for name in ("randomized_heavy", "canonical"):
        assert trajectory(worlds(name), 5) == expected
    assert trajectory(worlds("sim"), 6) != expected


@pytest.mark.parametrize("name", ["randomized_mild", "randomized_medium", "randomized_heavy"])
def test_one_seed_gives_one_look_and_another_another(worlds: Open, name: str) -> None:
    world = worlds(name)
    world.reset(3, "mixed_train")
    first = world.render()
    world.reset(4, "mixed_train")
    assert np.mean(world.render() != first) > 0.5
    world.reset(3, "mixed_train")
    np.testing.assert_array_equal(world.render(), first)


def test_only_heavy_changes_from_picture_to_picture(worlds: Open) -> None:
    for name, changes in (("randomized_mild", False), ("randomized_heavy", True)):
        world = worlds(name)
        world.reset(3, "mixed_train")
        first = world.render()
        world.advance(0.1)
        assert (np.mean(world.render() != first) > 0.3) == changes


def test_levels_differ_in_what_they_vary(worlds: Open) -> None:
    backgrounds: dict[str, set[bytes]] = {}
    for name in ("randomized_mild", "randomized_medium"):
        world = worlds(name)
        prints = []
        for seed in range(12):
            world.reset(seed, "mixed_train")
            prints.append(world.outfit().prints[world.stage.table.key].pattern.tobytes())
        backgrounds[name] = set(prints)
    assert len(backgrounds["randomized_mild"]) <= 6 < len(backgrounds["randomized_medium"])
    heavy = worlds("randomized_heavy")
    heavy.reset(0, "mixed_train")
    arm = {surface.key for surface in heavy.stage.robot}
    assert arm <= set(heavy.outfit().prints)
    assert not arm & set(worlds("randomized_medium").outfit().prints)


@pytest.fixture(scope="module")
def pair(worlds: Open) -> tuple[PyBulletWorld, Pair]:
    world = worlds("randomized_heavy")
    world.reset(11, "mixed_train")
    return world, take_pair(world)


def test_a_pair_shows_the_worlds_own_picture_and_leaves_it_as_it_was(
    pair: tuple[PyBulletWorld, Pair],
) -> None:
    world, taken = pair
    np.testing.assert_array_equal(world.render(), taken.image_hwc)
    again = take_pair(world)
    np.testing.assert_array_equal(again.canonical_hwc, taken.canonical_hwc)


def test_mask_and_depth_are_where_the_things_are(pair: tuple[PyBulletWorld, Pair]) -> None:
    world, taken = pair
    rows, columns = np.nonzero(taken.mask == Part.OBJECT)
    k, pose = world.camera.intrinsics_px, world.camera.transform_camera_to_base
    rays = np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))])
    points = np.linalg.inv(k) @ rays * taken.depth_m[rows, columns]
    points_m = (pose[:3, :3] @ points).T + pose[:3, 3]
    boxes = [np.array(world.client.getAABB(body)) for body in world.objects]
    inside = [np.all((points_m > b[0] - 2e-3) & (points_m < b[1] + 2e-3), axis=1) for b in boxes]
    assert np.all(np.any(inside, axis=0))
    assert all(np.sum(one) > 200 for one in inside)
    assert {int(part) for part in np.unique(taken.mask)} == {int(part) for part in Part}


def test_a_mask_covers_what_vanishes_with_its_objects(worlds: Open) -> None:
    world = worlds("sim")
    world.reset(11, "mixed_train")
    mask, full = take_pair(world).mask, world.render().astype(int)
    for body in world.objects:
        world.client.resetBasePositionAndOrientation(body, (0, 0, -5), (0, 0, 0, 1))
    changed = np.abs(world.render() - full).max(axis=2) > 40
    assert np.mean(mask[changed] == Part.OBJECT) > 0.9


def test_the_canonical_picture_is_aligned_and_flat(pair: tuple[PyBulletWorld, Pair]) -> None:
    _, taken = pair
    for part, rgb in ((Part.BACKGROUND, canonical.TABLE),):
        seen = taken.canonical_hwc[taken.mask == part].astype(float)
        shares = seen / seen.sum(axis=1, keepdims=True)
        expected = np.array(rgb) / sum(rgb)
        off = np.abs(shares - expected).max(axis=1)
        assert np.mean(off < 0.02) > 0.99


def test_objects_look_canonical_as_they_do_otherwise(worlds: Open) -> None:
    pictures = {}
    for name in ("sim", "canonical"):
        worlds(name).reset(11, "mixed_train")
        pictures[name] = worlds(name).render()
    mask = take_pair(worlds("sim")).mask
    same = np.all(pictures["sim"] == pictures["canonical"], axis=2)
    assert np.mean(same[mask == Part.OBJECT]) > 0.95
    assert np.mean(same[mask == Part.BACKGROUND]) < 0.05


def test_patterns_are_many_and_each_is_always_the_same() -> None:
    numbers = range(0, patterns.PATTERNS, 97)
    made = {patterns.pattern(number).tobytes() for number in numbers}
    assert len(made) == len(numbers)
    kept = patterns.pattern(18).copy()
    patterns.pattern.cache_clear()
    np.testing.assert_array_equal(patterns.pattern(18), kept)


def test_an_unknown_look_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="randomized_mild"):
        make_look("moon")
    with pytest.raises(WorldError, match="mild, medium, heavy"):
        RandomizedLook("wild")
    assert "real_proxy" not in LOOKS
