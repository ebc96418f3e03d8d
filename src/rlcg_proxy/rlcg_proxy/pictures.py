# SPDX-License-Identifier: Apache-2.0
"""A sheet of pictures of all worlds, for the documentation."""

from pathlib import Path

import cv2
import numpy as np

from rlcg_core.errors import DataError
from rlcg_core.types import ImageArray
from rlcg_proxy.worlds import LOOKS, REAL_PROXY, ProxyWorlds
from rlcg_sim.looks.pairs import take_pair
from rlcg_sim.pybullet_world import PyBulletWorld

SEEDS, REAL_SEEDS = (3, 4, 5), (3, 4, 5, 6, 7, 8)
WIDTH_PX, HEIGHT_PX = 320, 256
JPEG_QUALITY = 80
# By `rlcg_sim.looks.stage.Part`: background, tray, arm, gripper, objects.
MASK_RGB = np.array([(40, 40, 40), (70, 90, 150), (200, 120, 40), (230, 200, 60), (60, 180, 90)])
NEAR_M, FAR_M = 0.6, 1.5


def draw_pictures(out: Path, urdf: Path) -> None:
    """Write a JPEG: a row for each look with three scenes, the third also canonical, mask, depth.

    `real_proxy` has no canonical picture, as a robot has none: six scenes. Raises `DataError`.
    """
    rows = [np.hstack([_labelled(picture, look) for picture in _row(look, urdf)]) for look in LOOKS]
    sheet = np.vstack(rows)[:, :, ::-1]
    if not cv2.imwrite(str(out), sheet, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise DataError(f"{out} cannot be written: give a .jpg in a folder that is there")


def _row(look: str, urdf: Path) -> list[ImageArray]:
    with ProxyWorlds(look)(urdf, "auto") as world:
        if look == REAL_PROXY:
            return [_scene(world, seed, "proxy_test") for seed in REAL_SEEDS]
        pictures = [_scene(world, seed, "mixed_test") for seed in SEEDS]
        pair = take_pair(world)
    mask = MASK_RGB[pair.mask].astype(np.uint8)
    share = np.clip((pair.depth_m - NEAR_M) / (FAR_M - NEAR_M), 0, 1)
    nearness = (255 * (1 - share)).astype(np.uint8)
    depth = np.repeat(nearness[..., None], 3, axis=2)
    return [*pictures, pair.canonical_hwc, mask, depth]


def _scene(world: PyBulletWorld, seed: int, objects: str) -> ImageArray:
    world.reset(seed, objects)
    return world.render()


def _labelled(picture: ImageArray, name: str) -> ImageArray:
    small = cv2.resize(picture, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    small[HEIGHT_PX - 22 :] //= 3
    place, white = (6, HEIGHT_PX - 7), (255, 255, 255)
    cv2.putText(small, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, white, 1, cv2.LINE_AA)
    return np.asarray(small, np.uint8)
