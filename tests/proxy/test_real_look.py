# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from rlcg_core.camera import project
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import ConfigError
from rlcg_core.types import Action
from rlcg_proxy import objects
from rlcg_proxy.lens import develop
from rlcg_proxy.real_look import displaced
from rlcg_proxy.sheet import draw_sheet
from rlcg_proxy.worlds import ProxyWorlds
from rlcg_sim.description import find_urdf
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld

Open = Callable[[str], PyBulletWorld]
ACTIONS = (Action(np.array([0.03, -0.04, -0.05]), 0.3), Action(np.zeros(3), close=True))


@pytest.fixture(scope="module")
def worlds() -> Iterator[Open]:
    """Open each world once."""
    opened: dict[str, PyBulletWorld] = {}
    with ExitStack() as stack:

        def open_world(look: str) -> PyBulletWorld:
            if look not in opened:
                world = ProxyWorlds(look)(find_urdf(ROBOT1.urdf), "auto")
                opened[look] = stack.enter_context(world)
            return opened[look]

        yield open_world


def trajectory(world: PyBulletWorld, seed: int, object_set: str) -> list[bytes]:
    """Return joints and objects of an episode of fixed actions, pictures taken on the way."""
    world.reset(seed, object_set)
    stepper, states = CellStepper(world), []
    for action in ACTIONS:
        world.render()
        stepper.perform(action)
        poses = [world.client.getBasePositionAndOrientation(body) for body in world.objects]
        states += [np.array(world.joint_sample().positions).tobytes(), repr(poses).encode()]
    return states


@pytest.mark.parametrize("object_set", ["proxy_test", "mixed_test"])
def test_the_gap_is_visual_only(worlds: Open, object_set: str) -> None:
    real, sim = worlds("real_proxy"), worlds("sim")
    assert trajectory(real, 5, object_set) == trajectory(sim, 5, object_set)
    difference = np.abs(real.render().astype(int) - sim.render())
    assert np.mean(difference) > 15


def test_one_seed_gives_one_picture_and_another_another(worlds: Open) -> None:
    world = worlds("real_proxy")
    world.reset(3, "proxy_train")
    first = world.render()
    np.testing.assert_array_equal(world.render(), first)
    world.reset(4, "proxy_train")
    other = world.render()
    assert np.mean(np.abs(other.astype(int) - first)) > 5
    world.reset(3, "proxy_train")
    np.testing.assert_array_equal(world.render(), first)
    world.advance(1.0)
    # The sheet, the table and the lamp stay for an episode; the sensor's noise does not.
    later = world.render()
    assert np.mean(later != first) > 0.3
    assert np.mean(np.abs(later.astype(int) - first)) < 4


def test_the_camera_says_what_a_calibration_would_and_errs_by_little(worlds: Open) -> None:
    world = worlds("real_proxy")
    assert world.camera is ROBOT1.camera
    tray = np.array([[x, y, 0.0] for x in (0.42, 0.57, 0.72) for y in (-0.2, 0.0, 0.2)])
    cameras = displaced(ROBOT1.camera), ROBOT1.camera
    seen, told = (project(camera.projection_base_to_px(), tray) for camera in cameras)
    off_px = np.linalg.norm(seen - told, axis=1)
    assert 0.2 < off_px.min() < off_px.max() < 2.0


def test_objects_to_log_with_and_to_measure_with_never_meet() -> None:
    def shapes(draw: Callable[..., list[objects.ObjectShape]]) -> set[bytes]:
        drawn = draw(np.random.default_rng(3), 400)
        return {shape.prisms[0].half_extents_m.tobytes() for shape in drawn}

    train, test = shapes(objects.draw_train), shapes(objects.draw_test)
    assert not train & test
    assert min(len(train), len(test)) > 300


def test_objects_fit_the_jaw() -> None:
    for shape in objects.draw_train(np.random.default_rng(1), 300):
        assert 2 * min(min(prism.half_extents_m) for prism in shape.prisms) < 0.06
        assert 0.03 <= shape.mass_kg <= 0.3


def test_a_sheet_is_full_of_patches_and_no_two_are_alike() -> None:
    def draw(seed: int) -> np.ndarray:
        return draw_sheet(np.random.default_rng(seed), (0.364, 0.444), np.array([-0.7, 0.7]))

    first = draw(1)
    np.testing.assert_array_equal(draw(1), first)
    assert np.mean(draw(2) != first) > 0.5
    saturation = first.max(axis=2).astype(int) - first.min(axis=2)
    assert 0.6 < np.mean(saturation > 40) < 0.99


def test_the_lens_blurs_darkens_its_corners_and_adds_noise() -> None:
    grey = np.full((512, 640, 3), 120, np.uint8)
    seen = develop(grey, np.random.default_rng(0)).astype(float)
    assert seen[:40, :40].mean() < 0.9 * seen[236:276, 300:340].mean()
    assert 1.5 < np.std(seen[236:276, 300:340, 1]) < 4.0
    assert seen[236:276, 300:340, 0].mean() > 1.2 * seen[236:276, 300:340, 2].mean()
    edge = grey.copy()
    edge[:, 320:] = 20
    row = develop(edge, np.random.default_rng(0))[200:300, 310:330, 1].mean(axis=0)
    assert np.sum((row > 40) & (row < 100)) >= 2


def test_an_unknown_look_is_refused() -> None:
    with pytest.raises(ConfigError, match="randomized_mild"):
        ProxyWorlds("moon")(find_urdf(ROBOT1.urdf), "tiny")
