# SPDX-License-Identifier: Apache-2.0
"""A sheet of pictures of all household shapes, for the documentation."""

from typing import Any

import numpy as np
import pybullet
from pybullet_utils.bullet_client import BulletClient

from rlcg_core.camera import CameraModel, intrinsics_from_fov, look_at
from rlcg_core.types import ImageArray
from rlcg_sim.household.catalogue import COUNTS, catalogue
from rlcg_sim.household.files import stored
from rlcg_sim.household.shapes import Household
from rlcg_sim.renderer import Renderer

TILE_PX, COLUMNS = 96, 16
COLOURS = {
    "bottle": (0.35, 0.65, 0.45),
    "cup": (0.85, 0.70, 0.50),
    "utensil": (0.60, 0.45, 0.30),
    "can": (0.70, 0.30, 0.30),
    "mug": (0.35, 0.50, 0.80),
    "wine_glass": (0.75, 0.75, 0.80),
}


def picture_sheet() -> dict[str, ImageArray]:
    """Return rows of pictures (h, w, 3) of all training and of all test shapes, by split."""
    client: Any = BulletClient(pybullet.DIRECT)
    renderer = Renderer(client, "tiny")
    try:
        return {split: _block(client, renderer, split) for split in COUNTS}
    finally:
        renderer.close()
        client.disconnect()


def _block(client: Any, renderer: Renderer, split: str) -> ImageArray:
    tiles = [_tile(client, renderer, shape) for shape in catalogue(split)]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    return np.vstack(rows)


def _tile(client: Any, renderer: Renderer, shape: Household) -> ImageArray:
    """Return a picture of the shape alone, from above and aside; all at one scale."""
    body = client.loadURDF(str(stored(shape.name)))
    kind = shape.family.split("_", 1)[1]
    client.changeVisualShape(body, -1, rgbaColor=(*COLOURS[kind], 1), specularColor=(0, 0, 0))
    pose = look_at(eye_m=(0.30, 0.22, 0.26), target_m=(0.0, 0.0, 0.0))
    lens = intrinsics_from_fov(2 * TILE_PX, 2 * TILE_PX, float(np.deg2rad(24.0)))
    large = renderer.render(CameraModel(2 * TILE_PX, 2 * TILE_PX, lens, pose))
    client.removeBody(body)
    small = large.reshape(TILE_PX, 2, TILE_PX, 2, 3).mean(axis=(1, 3))
    return np.asarray(small, np.uint8)
