# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from rlcg_core.camera import project
from rlcg_core.cell import ROBOT1
from rlcg_core.golden import pattern_image
from rlcg_train import augment, dataset, network, preprocess
from rlcg_train.shards import half_crop

SETTINGS = network.NetworkSettings()
PROJECTION = torch.tensor(ROBOT1.camera.projection_base_to_px(), dtype=torch.float32)


def goals(count: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    low, high = (0.45, -0.15, -np.pi), (0.69, 0.15, np.pi)
    return torch.tensor(rng.uniform(low, high, size=(count, 3)), dtype=torch.float32)


def test_the_camera_centre_is_read_from_the_projection() -> None:
    centre = preprocess.camera_centre_xy(PROJECTION).numpy()
    np.testing.assert_allclose(centre, ROBOT1.camera.transform_camera_to_base[:2, 3], atol=1e-4)


def test_a_patch_shows_the_pixels_where_its_points_project() -> None:
    goal = goals(3)
    points = network.patch_points(SETTINGS, goal)[:, 0]
    grid = network.to_grid(points, PROJECTION)
    pixels = project(ROBOT1.camera.projection_base_to_px(), points[1].numpy().astype(float))
    found = 0.5 * (grid[1].numpy() + 1) * 472 + (84, 20)
    np.testing.assert_allclose(found, pixels, atol=2e-3)


def test_half_a_turn_of_the_jaw_turns_the_patch_round() -> None:
    image = preprocess.half_picture(torch.from_numpy(pattern_image(1)))
    goal = goals(4)
    there = network.sample_patches(SETTINGS, image, goal, PROJECTION)
    back = network.sample_patches(SETTINGS, image, goal + torch.tensor([0, 0, np.pi]), PROJECTION)
    torch.testing.assert_close(there, back.flip(2, 3), atol=2e-3, rtol=0)


def test_patches_cut_from_bytes_equal_those_of_the_graph() -> None:
    images = [half_crop(pattern_image(seed)) for seed in (1, 2, 3)]
    count = len(images)
    data = dataset.Dataset(
        pixels=torch.from_numpy(np.stack(images).reshape(-1, 3)),
        tool_pose=torch.zeros(count, 4),
        grasp_pose=goals(count),
        success=torch.zeros(count),
        projection=PROJECTION,
        train=np.arange(count),
        held_out=np.arange(0),
    )
    cut = dataset.cut_patches(data, SETTINGS, torch.arange(count), data.grasp_pose)
    for k in range(count):
        image = preprocess.half_picture(torch.from_numpy(pattern_image(k + 1)))
        expected = network.sample_patches(SETTINGS, image, data.grasp_pose[k : k + 1], PROJECTION)[
            0
        ]
        # Stored pixels are rounded to whole bytes, the graph's means are not.
        torch.testing.assert_close(cut[k], expected, atol=1.01 / 127.5, rtol=0)


def test_mirroring_patch_and_scalars_is_mirroring_the_scene() -> None:
    """A scene mirrored about the plane y = 0, camera and tool with it, gives mirrored scalars."""
    goal, tool = goals(6), torch.rand(6, 4) * 0.2 + torch.tensor([0.5, 0, 0.1, 0])
    camera = torch.tensor([0.1, 0.5])
    plain = network.scalars(goal, tool, camera)
    flip = torch.tensor([1.0, -1.0, -1.0])
    mirrored_tool = tool * torch.tensor([1.0, -1.0, 1.0, -1.0])
    mirrored = network.scalars(goal * flip, mirrored_tool, camera * flip[:2])
    sign = torch.tensor([-1.0, 1, 1, -1, 1, 1, -1, 1, 1])
    torch.testing.assert_close(mirrored, plain * sign, atol=1e-5, rtol=1e-5)


def test_colour_changes_keep_planes_in_step_and_shapes_in_place() -> None:
    torch.manual_seed(0)
    plane = torch.rand(8, 3, 24, 32) * 2 - 1
    changed = augment.colours(torch.cat([plane, plane], dim=1))
    assert changed.shape == (8, 6, 24, 32)
    assert float((changed[:, :3] - changed[:, 3:]).abs().mean()) < 0.08
    assert float((changed[:, :3] - plane).abs().mean()) > 0.1


def test_auc_counts_pairs() -> None:
    from rlcg_train.fit import auc

    scores = torch.tensor([0.1, 0.4, 0.35, 0.8])
    assert auc(scores, torch.tensor([0.0, 0, 1, 1])) == pytest.approx(0.75)
    assert np.isnan(auc(scores, torch.ones(4)))
