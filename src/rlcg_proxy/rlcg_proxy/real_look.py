# SPDX-License-Identifier: Apache-2.0
"""The look of `real_proxy`: other light, colours, textures, prints on the tray, another camera."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rlcg_core.camera import CameraModel
from rlcg_core.types import ImageArray
from rlcg_proxy.lens import develop
from rlcg_proxy.sheet import draw_sheet
from rlcg_proxy.surfaces import label, wood
from rlcg_sim.looks.look import Direction, Outfit, Print
from rlcg_sim.looks.stage import Part, Rgb, Stage

FloatArray = npt.NDArray[np.float64]

# A low lamp from the other side than the simulator's.
LIGHT: Direction = (-0.9, 0.9, 1.7)
LIGHT_SCATTER = 0.15
WALL: Rgb = (0.62, 0.50, 0.36)
ARM: Rgb = (0.92, 0.90, 0.86)
JAW: Rgb = (0.55, 0.57, 0.60)
WHITE: Rgb = (1.0, 1.0, 1.0)
SHEETS, TABLES, LABELS = 2**20, 8, 400
TABLE_SIZE_M = (2.4, 2.4)
# What a hand-eye calibration errs by, the same in all episodes.
OFFSET_M = (0.0008, -0.0006, 0.0010)
OFFSET_RAD = (0.0007, -0.0005, 0.0009)


class RealLook:
    """Draws outfits of `real_proxy`."""

    name = "real_proxy"
    every_picture = False

    def __init__(self) -> None:
        self._cameras: tuple[CameraModel, CameraModel] | None = None

    def dress(self, stage: Stage, camera: CameraModel, rng: np.random.Generator) -> Outfit:
        """Return an outfit: a sheet, a table and labels out of many, the lamp moved a little."""
        prints = {
            stage.table.key: Print(wood(int(rng.integers(TABLES))), TABLE_SIZE_M, lies_flat=True)
        }
        prints[stage.tray_floor.key] = _sheet(stage, camera, int(rng.integers(SHEETS)))
        # Before anything is drawn for the objects, so that the lamp is the same without them.
        x, y, z = (float(v) for v in np.array(LIGHT) + LIGHT_SCATTER * rng.uniform(-1, 1, 3))
        for surface in stage.objects:
            prints[surface.key] = Print(label(int(rng.integers(LABELS))), (0.07, 0.07))
        colours = dict.fromkeys((stage.table.key, stage.tray_floor.key), WHITE)
        colours |= {surface.key: WALL for surface in stage.walls}
        for surface in stage.robot:
            colours[surface.key] = JAW if surface.part is Part.GRIPPER else ARM
        return Outfit(self._real(camera), (x, y, z), colours, prints, develop)

    def _real(self, camera: CameraModel) -> CameraModel:
        """Return the displaced camera, the same object each time: what is known of it is kept."""
        if self._cameras is None or self._cameras[0] is not camera:
            self._cameras = camera, displaced(camera)
        return self._cameras[1]


def make_look() -> RealLook:
    """Return the look; the registry calls this."""
    return RealLook()


def _sheet(stage: Stage, camera: CameraModel, number: int) -> Print:
    inner, rim_m = stage.cell.bin.inner_size_xy_m, 0.024
    size_m = (inner[0] + rim_m, inner[1] + rim_m)
    towards = camera.transform_camera_to_base[:2, 3] - np.array(stage.cell.bin.centre_xy_m)
    unit = towards / np.linalg.norm(towards)
    return Print(_drawn(number, size_m, (float(unit[0]), float(unit[1]))), size_m, lies_flat=True)


@lru_cache(maxsize=4)
def _drawn(number: int, size_m: tuple[float, float], towards: tuple[float, float]) -> ImageArray:
    return draw_sheet(np.random.default_rng([41, number]), size_m, np.array(towards))


def displaced(camera: CameraModel) -> CameraModel:
    """Return where the camera really stands."""
    rx, ry, rz = OFFSET_RAD
    turn = np.eye(4)
    # For such small angles the rotation is the identity plus its generator.
    turn[:3, :3] += np.array([[0, -rz, ry], [rz, 0, -rx], [-ry, rx, 0]])
    turn[:3, 3] = OFFSET_M
    return replace(camera, transform_camera_to_base=camera.transform_camera_to_base @ turn)
