# SPDX-License-Identifier: Apache-2.0
"""What stands before the camera, surface by surface, and what each belongs to."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from rlcg_core.cell import Cell

FloatArray = npt.NDArray[np.float64]
Rgb = tuple[float, float, float]

# PyBullet's segmentation numbers a pixel body + (link + 1) * LINK.
LINK = 1 << 24


class Part(IntEnum):
    """The classes of a mask."""

    BACKGROUND = 0
    TRAY = 1
    ARM = 2
    GRIPPER = 3
    OBJECT = 4


@dataclass(frozen=True)
class Surface:
    """A body's base (``link`` -1) or one of its links, with the colour that it was made with."""

    body: int
    link: int
    part: Part
    rgb: Rgb

    @property
    def key(self) -> int:
        """Return the number that segmentation gives its pixels."""
        return self.body + (self.link + 1) * LINK


class Stage:
    """All surfaces of one scene; colours change here, shapes and masses never."""

    def __init__(
        self, client: Any, cell: Cell, bin_bodies: list[int], arm: int, objects: list[int]
    ) -> None:
        """``bin_bodies``: table, bin floor and walls, as `scene.build_bin` returns them."""
        self.cell, self._client = cell, client
        table, *tray = bin_bodies
        self.table = self._surfaces(table, Part.BACKGROUND)[0]
        self.tray_floor = self._surfaces(tray[0], Part.TRAY)[0]
        self.walls = tuple(s for body in tray[1:] for s in self._surfaces(body, Part.TRAY))
        self.robot = self._surfaces(arm, Part.ARM)
        self.objects = tuple(s for body in objects for s in self._surfaces(body, Part.OBJECT))
        self.surfaces = (self.table, self.tray_floor, *self.walls, *self.robot, *self.objects)
        self._painted = {surface.key: surface.rgb for surface in self.surfaces}

    def _surfaces(self, body: int, part: Part) -> tuple[Surface, ...]:
        colours = {int(row[1]): row[7][:3] for row in self._client.getVisualShapeData(body)}
        return tuple(
            Surface(body, link, self._part(body, link, part), rgb) for link, rgb in colours.items()
        )

    def _part(self, body: int, link: int, part: Part) -> Part:
        """Tell the gripper from the arm by the name of the link."""
        if part is not Part.ARM or link < 0:
            return part
        name = self._client.getJointInfo(body, link)[12].decode()
        return Part.GRIPPER if name.startswith("gripper") else Part.ARM

    def paint(self, colours: dict[int, Rgb]) -> None:
        """Give surfaces, by key, these colours, and all others their own."""
        for surface in self.surfaces:
            rgb = colours.get(surface.key, surface.rgb)
            if rgb != self._painted[surface.key]:
                self._client.changeVisualShape(surface.body, surface.link, rgbaColor=(*rgb, 1.0))
                self._painted[surface.key] = rgb

    def pose(self, surface: Surface) -> tuple[FloatArray, FloatArray]:
        """Return position (3,) [m] and rotation (3, 3) of a surface's frame in the base frame."""
        if surface.link < 0:
            position, turn = self._client.getBasePositionAndOrientation(surface.body)
        else:
            position, turn = self._client.getLinkState(surface.body, surface.link)[4:6]
        rotation = np.array(self._client.getMatrixFromQuaternion(turn)).reshape(3, 3)
        return np.array(position), rotation

    def top_m(self, surface: Surface) -> float:
        """Return the height of a surface's highest point in the base frame [m]."""
        return float(self._client.getAABB(surface.body, surface.link)[1][2])

    def mask(self, keys: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
        """Return the `Part` of each pixel of a segmentation."""
        parts = np.full(keys.shape, Part.BACKGROUND, np.uint8)
        for surface in self.surfaces:
            if surface.part is not Part.BACKGROUND:
                parts[keys == surface.key] = surface.part
        return parts
