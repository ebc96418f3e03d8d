# SPDX-License-Identifier: Apache-2.0
"""World `canonical`, RCAN's target: flat colours, one light; objects keep how they look.

"Uniform colours for background, tray and arm, each arm link its own colour" (James et al. 2019).
"""

from dataclasses import replace

import numpy as np

from rlcg_core.camera import CameraModel
from rlcg_sim.looks.look import LIGHT_DIRECTION, Outfit
from rlcg_sim.looks.stage import Part, Rgb, Stage

TABLE: Rgb = (0.30, 0.42, 0.32)
TRAY: Rgb = (0.75, 0.75, 0.78)
WALL: Rgb = (0.36, 0.38, 0.52)
# From the base to the fingers; each differs from its neighbours and from tray and table.
LINKS: tuple[Rgb, ...] = (
    (0.85, 0.25, 0.20),
    (0.90, 0.55, 0.15),
    (0.85, 0.80, 0.20),
    (0.40, 0.75, 0.25),
    (0.20, 0.70, 0.65),
    (0.25, 0.45, 0.85),
    (0.55, 0.30, 0.80),
    (0.85, 0.35, 0.65),
    (0.25, 0.22, 0.25),
    (0.15, 0.55, 0.85),
    (0.95, 0.45, 0.10),
)


class CanonicalLook:
    """The canonical look of a scene whose objects have the simulator's colours."""

    name = "canonical"
    every_picture = False

    def dress(self, stage: Stage, camera: CameraModel, rng: np.random.Generator) -> Outfit:
        """Return the flat outfit; nothing in it is random."""
        return canonical_over(Outfit(camera), stage)


def canonical_over(worn: Outfit, stage: Stage) -> Outfit:
    """Return the canonical outfit of a scene that wears ``worn``: objects keep theirs."""
    kept = {surface.key for surface in stage.objects}
    colours = {key: rgb for key, rgb in worn.colours.items() if key in kept}
    for surface in stage.surfaces:
        if surface.part is Part.TRAY:
            colours[surface.key] = TRAY if surface is stage.tray_floor else WALL
    colours[stage.table.key] = TABLE
    for place, surface in enumerate(stage.robot):
        colours[surface.key] = LINKS[place % len(LINKS)]
    prints = {key: printed for key, printed in worn.prints.items() if key in kept}
    plain = Outfit(worn.camera)
    return replace(plain, light_direction=LIGHT_DIRECTION, colours=colours, prints=prints)
