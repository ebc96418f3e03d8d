# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from rlcg_core.errors import WorldError
from rlcg_sim import objects


def drawn(object_set: str, count: int = 400) -> list[objects.ObjectShape]:
    return objects.draw_objects(np.random.default_rng(3), object_set, count)


def test_test_urdfs_end_in_zero_and_training_urdfs_never_do() -> None:
    assert all(shape.urdf_index % 10 == 0 for shape in drawn("random_urdfs_test"))
    assert all(shape.urdf_index % 10 != 0 for shape in drawn("random_urdfs_train"))


def test_the_urdfs_without_a_body_are_never_drawn() -> None:
    drawn_indices = {shape.urdf_index for shape in drawn("random_urdfs_train", 20_000)}
    assert not drawn_indices & set(objects.EMPTY_URDFS)
    assert len(drawn_indices) == 898


def test_training_and_test_shapes_never_meet() -> None:
    def shapes(object_set: str) -> set[tuple[float, ...]]:
        prisms = (shape.prisms[0] for shape in drawn(object_set))
        return {tuple(prism.half_extents_m) for prism in prisms}

    assert not shapes("procedural_train") & shapes("procedural_test")


def test_a_shape_seed_stands_for_one_object() -> None:
    one = objects.procedural_object("train", 17, (1, 0, 0))
    two = objects.procedural_object("train", 17, (0, 1, 0))
    assert one.mass_kg == two.mass_kg
    for a, b in zip(one.prisms, two.prisms, strict=True):
        np.testing.assert_array_equal(a.centre_m, b.centre_m)


def test_prisms_are_joined_and_fit_the_jaw() -> None:
    for shape in drawn("procedural_train"):
        assert 2 * min(shape.prisms[0].half_extents_m) < 0.06
        reach = [
            np.linalg.norm(p.centre_m) - np.linalg.norm(p.half_extents_m) for p in shape.prisms
        ]
        assert max(reach) < 0.06


def test_an_unknown_set_names_the_known_ones() -> None:
    with pytest.raises(WorldError, match="mixed_test"):
        objects.draw_objects(np.random.default_rng(0), "cups", 1)
