# SPDX-License-Identifier: Apache-2.0
"""What a policy under test sees: a drawn picture and where the tool is."""

import numpy as np

from rlcg_core import golden
from rlcg_core.cell import ROBOT1
from rlcg_core.types import Observation, ToolPose


def see(pose: ToolPose | None = None, image_seed: int = 3, closed: bool = False) -> Observation:
    pose = pose or ToolPose(np.array([0.62, -0.05, 0.30]), 0.0)
    image = golden.pattern_image(image_seed)
    height_m = float(pose.position_m[2]) - ROBOT1.bin.floor_z_m
    projection = ROBOT1.camera.projection_base_to_px()
    return Observation(image, closed, height_m, pose, projection, 0.0)
