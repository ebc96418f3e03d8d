# SPDX-License-Identifier: Apache-2.0
"""A sheet of pictures of all worlds, for the documentation."""

from pathlib import Path

import cv2
import numpy as np

from rlcg_core.errors import DataError
from rlcg_core.types import ImageArray
from rlcg_proxy.worlds import LOOKS, ProxyWorlds
from rlcg_sim.looks.pairs import take_pair

SEEDS = (3, 4, 5)
WIDTH_PX, HEIGHT_PX = 320, 256
JPEG_QUALITY = 80
# By `rlcg_sim.looks.stage.Part`: background, tray, arm, gripper, objects.
MASK_RGB = np.array([(40, 40, 40), (70, 90, 150), (200, 120, 40), (230, 200, 60), (60, 180, 90)])
NEAR_M, FAR_M = 0.6, 1.5


def draw_pictures(out: Path, urdf: Path) -> None:
    """Write a JPEG: a row for each look, a column for each of three scenes, then a pair.

    The last columns are the third scene canonical, its mask and its depth. Raises `DataError`.
    """
    rows = [np.hstack([_labelled(picture, look) for picture in _row(look, urdf)]) for look in LOOKS]
    sheet = np.vstack(rows)[:, :, ::-1]
    if not cv2.imwrite(str(out), sheet, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise DataError(f"{out} cannot be written: give a .jpg in a folder that is there")


def _row(look: str, urdf: Path) -> list[ImageArray]:
    objects = "proxy_test" if look == LOOKS[0] else "mixed_test"
    pictures = []
    with ProxyWorlds(look)(urdf, "auto") as world:
        for seed in SEEDS:
            world.reset(seed, objects)
            pictures.append(world.render())
        pair = take_pair(world)
    mask = MASK_RGB[pair.mask].astype(np.uint8)
    share = np.clip((pair.depth_m - NEAR_M) / (FAR_M - NEAR_M), 0, 1)
    depth = np.repeat(np.uint8(255 * (1 - share))[..., None], 3, axis=2)
    return [*pictures, pair.canonical_hwc, mask, depth]


def _labelled(picture: ImageArray, name: str) -> ImageArray:
    small = cv2.resize(picture, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    place, font = (6, HEIGHT_PX - 8), cv2.FONT_HERSHEY_SIMPLEX
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(small, name, place, font, 0.5, colour, width, cv2.LINE_AA)
    return np.asarray(small, np.uint8)
