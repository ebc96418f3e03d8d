# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from typing import Any

import numpy as np
import pybullet
import pytest
from pybullet_utils.bullet_client import BulletClient

from rlcg_sim import objects
from rlcg_sim.household.catalogue import COUNTS, catalogue
from rlcg_sim.household.files import stored
from rlcg_sim.household.shapes import Household

EVERY = [shape for split in COUNTS for shape in catalogue(split)]
HOLLOW = [s for s in EVERY if "cup" in s.family or "mug" in s.family or "glass" in s.family]


@pytest.fixture
def client() -> Iterator[Any]:
    opened = BulletClient(pybullet.DIRECT)
    yield opened
    opened.disconnect()


def test_there_are_the_papers_counts_of_training_shapes() -> None:
    families = [shape.family for shape in catalogue("train")]
    counts = {kind: families.count(f"train_{kind}") for kind in COUNTS["train"]}
    papers = {"bottle": 8, "cup": 18, "utensil": 3, "can": 6, "mug": 15, "wine_glass": 1}
    assert counts == papers
    assert len(families) == 51


@pytest.mark.parametrize("shape", EVERY, ids=lambda shape: shape.name)
def test_every_part_is_closed_and_convex_and_the_skin_is_closed(shape: Household) -> None:
    assert all(part.is_closed() and part.is_convex() for part in shape.parts)
    assert all(part.volume_and_centre()[0] > 0.0 for part in shape.parts)
    assert shape.skin.is_closed()


@pytest.mark.parametrize("shape", EVERY, ids=lambda shape: shape.name)
def test_sizes_and_masses_are_those_of_kitchens_and_fit_the_jaw(shape: Household) -> None:
    width, depth, height = np.sort(shape.size_m)
    assert height < 0.21
    assert width < 0.088, "the jaw opens by 85 mm, and a hexagon's corners stand out"
    assert depth > 0.02
    assert 0.02 < shape.mass_kg < 0.5
    assert 0.4 < shape.friction < 1.2


def test_the_parts_fill_what_the_skin_shows() -> None:
    for shape in EVERY:
        parts_m3 = sum(part.volume_and_centre()[0] for part in shape.parts)
        assert parts_m3 == pytest.approx(shape.skin.volume_and_centre()[0], rel=0.08), shape.name


@pytest.mark.parametrize("shape", HOLLOW, ids=lambda shape: shape.name)
def test_a_finger_reaches_into_what_is_hollow_and_stands_on_its_rim(
    client: Any, shape: Household
) -> None:
    body = client.loadURDF(str(stored(shape.name)), useFixedBase=True)
    points = shape.skin.vertices_m
    top_m = float(points[:, 2].max())
    rim = points[points[:, 2] > top_m - 1e-6]
    axis_m, rim_m = float(rim[:, 0].mean()), float(np.ptp(rim[:, 1]) / 2)

    def depth_m(y_m: float) -> float:
        (hit,) = client.rayTestBatch([(axis_m, y_m, 0.3)], [(axis_m, y_m, -0.3)])
        return top_m - hit[3][2] if hit[0] == body else 1.0

    assert 0.025 < depth_m(1e-4) < 0.12
    assert depth_m(rim_m - 0.002) < 0.005
    assert depth_m(rim_m - 0.014) > 0.012, "a finger is 12 mm thick"


def test_bottles_and_drinks_cans_are_closed(client: Any) -> None:
    for name in ("train_bottle_0", "train_can_0"):
        body = client.loadURDF(str(stored(name)), useFixedBase=True)
        (hit,) = client.rayTestBatch([(1e-4, 1e-4, 0.3)], [(1e-4, 1e-4, -0.3)])
        assert hit[3][2] == pytest.approx(client.getAABB(body)[1][2], abs=0.003)
        client.removeBody(body)


def test_shapes_of_training_and_test_never_meet() -> None:
    def volumes(split: str) -> list[float]:
        return [shape.skin.volume_and_centre()[0] for shape in catalogue(split)]

    gaps = np.abs(np.subtract.outer(volumes("train"), volumes("test")))
    assert gaps.min() > 1e-9
    names = [shape.name for shape in EVERY]
    assert len(set(names)) == len(names)


def test_a_scene_draws_different_shapes_of_its_split_by_its_seed() -> None:
    drawn = objects.draw_objects(np.random.default_rng(4), "household_test", 12)
    again = objects.draw_objects(np.random.default_rng(4), "household_test", 12)
    assert [shape.name for shape in drawn] == [shape.name for shape in again]
    assert len({shape.name for shape in drawn}) == 12
    assert all(shape.name.startswith("test_") for shape in drawn)
    many = objects.draw_objects(np.random.default_rng(4), "household_train", 60)
    assert len({shape.name for shape in many}) == 51
