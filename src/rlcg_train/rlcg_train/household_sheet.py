# SPDX-License-Identifier: Apache-2.0
"""A sheet of pictures of all household shapes, for the documentation."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pybullet
from pybullet_utils.bullet_client import BulletClient

from rlcg_core.camera import CameraModel, intrinsics_from_fov, look_at
from rlcg_core.errors import DataError
from rlcg_core.types import ImageArray
from rlcg_sim.household.catalogue import COUNTS, catalogue
from rlcg_sim.household.files import stored
from rlcg_sim.household.shapes import Household
from rlcg_sim.renderer import Renderer

TILE_PX, COLUMNS, JPEG_QUALITY = 96, 16, 80
COLOURS = {
    "bottle": (0.35, 0.65, 0.45),
    "cup": (0.85, 0.70, 0.50),
    "utensil": (0.60, 0.45, 0.30),
    "can": (0.70, 0.30, 0.30),
    "mug": (0.35, 0.50, 0.80),
    "wine_glass": (0.75, 0.75, 0.80),
}


def draw_sheet(out: Path) -> None:
    """Write a JPEG: rows of training shapes, then rows of test shapes; raises `DataError`."""
    client: Any = BulletClient(pybullet.DIRECT)
    renderer = Renderer(client, "tiny")
    try:
        blocks = [_block(client, renderer, split) for split in COUNTS]
    finally:
        renderer.close()
        client.disconnect()
    if not cv2.imwrite(
        str(out), np.vstack(blocks)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    ):
        raise DataError(f"{out} cannot be written: give a .jpg in a folder that is there")


def _block(client: Any, renderer: Renderer, split: str) -> ImageArray:
    tiles = [_tile(client, renderer, shape) for shape in catalogue(split)]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    title = np.full((24, TILE_PX * COLUMNS, 3), 255, np.uint8)
    count = len(catalogue(split))
    text = f"{split}: {count} shapes"
    cv2.putText(title, text, (6, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([title, *rows])


def _tile(client: Any, renderer: Renderer, shape: Household) -> ImageArray:
    """Return a picture of the shape alone, from above and aside; all at one scale."""
    body = client.loadURDF(str(stored(shape.name)))
    kind = shape.family.split("_", 1)[1]
    client.changeVisualShape(body, -1, rgbaColor=(*COLOURS[kind], 1), specularColor=(0, 0, 0))
    pose = look_at(eye_m=(0.30, 0.22, 0.26), target_m=(0.0, 0.0, 0.0))
    lens = intrinsics_from_fov(2 * TILE_PX, 2 * TILE_PX, float(np.deg2rad(24.0)))
    large = renderer.render(CameraModel(2 * TILE_PX, 2 * TILE_PX, lens, pose))
    client.removeBody(body)
    small = cv2.resize(large, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
