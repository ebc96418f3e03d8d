# SPDX-License-Identifier: Apache-2.0
"""Actors that see simulation through a generator, and logs that keep what they saw."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import DataError
from rlcg_core.types import ImageArray, Observation
from rlcg_sim.description import find_urdf
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_train.adapt.adapted_camera import COLUMNS, ROWS, AdaptedCamera
from rlcg_train.adapt.files import load_generator, write_whole
from rlcg_train.adapt.ranges import to_bytes
from rlcg_train.adapt.unet import UNet, UNetSettings
from rlcg_train.preprocess import picture
from rlcg_train.qt_opt.behaviours import BehaviourSettings
from rlcg_train.qt_opt.choice import Choice, Command, give
from rlcg_train.qt_opt.collection import CollectionSettings, collect
from rlcg_train.qt_opt.episode import crop_to, run_episode
from rlcg_train.qt_opt.replay import ReplaySource

SIDE = 59


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator that makes everything redder."""
    path = tmp_path_factory.mktemp("generator") / "checkpoint.pt"
    torch.manual_seed(0)
    made = UNet(UNetSettings(SIDE, divisor=16))
    torch.nn.init.normal_(made.heads[0].weight, std=0.02)
    made.heads[0].bias.data[0] = 1.0
    plain = made.settings.as_dict()
    write_whole(path, {"layouts": {"G": plain}, "means": {"G": made.state_dict()}})
    return path


def image() -> ImageArray:
    return np.random.default_rng(0).integers(0, 255, (512, 640, 3), np.uint8)


def test_the_crop_is_what_the_generator_makes_and_the_rest_stays(checkpoint: Path) -> None:
    given = image()
    seen = AdaptedCamera(checkpoint)(given)
    assert np.array_equal(given, image()), "the simulator's own picture stays"
    with torch.no_grad():
        made = load_generator(checkpoint)(picture(torch.from_numpy(image()), SIDE))
    expected = to_bytes(made)[0].permute(1, 2, 0).numpy()
    assert np.array_equal(crop_to(seen, SIDE), expected)
    outside = np.ones(seen.shape, bool)
    outside[ROWS, COLUMNS] = False
    assert np.array_equal(seen[outside], image()[outside])
    assert not np.array_equal(seen, image())


def test_what_is_no_generator_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no generator G"):
        AdaptedCamera(tmp_path / "nothing.pt")


class _Watches:
    """Ends at once, and keeps what it was shown."""

    def begin(self, world: PyBulletWorld, rng: np.random.Generator) -> None:
        self.shown: list[ImageArray] = []

    def choose(self, observation: Observation) -> Choice:
        self.shown.append(observation.image_hwc)
        return give(Command.TERMINATE, observation)


@pytest.mark.slow
def test_actor_and_log_see_the_same_adapted_pictures(checkpoint: Path, tmp_path: Path) -> None:
    urdf, camera, watches = find_urdf(ROBOT1.urdf), AdaptedCamera(checkpoint), _Watches()
    with PyBulletWorld(ROBOT1, urdf) as world:
        world.reset(3, "mixed_train")
        rng = np.random.default_rng(0)
        through, plain = (
            run_episode(world, watches, rng, SIDE, see=see).pictures[0] for see in (camera, None)
        )
        assert np.array_equal(crop_to(watches.shown[0], SIDE), plain)
        run_episode(world, watches, rng, SIDE, see=camera)
        assert np.array_equal(crop_to(watches.shown[0], SIDE), through)
    assert through[..., 0].mean() > plain[..., 0].mean() + 40
    scripted = BehaviourSettings("scripted")
    settings = CollectionSettings(tmp_path, urdf, scripted, 1, side_px=SIDE, through=checkpoint)
    assert collect(settings, actor=0) == 1
    source = ReplaySource(tmp_path)
    key = [*source.train, *source.held_out][0]
    stored = source.pictures(key, [0])[0].float()
    assert stored[..., 0].mean() > stored[..., 1].mean() + 40
    assert "through" in source.description.renderer
