# SPDX-License-Identifier: Apache-2.0
"""QT-Opt's network at toy size, and frames without a simulator."""

import numpy as np

from rlcg_core.cell import ROBOT1
from rlcg_core.golden import pattern_image
from rlcg_train.qt_opt_network import QtOptSettings
from rlcg_train.seen_frame import SeenFrame

SMALL = QtOptSettings(channels=8, tower_convolutions=2, merged_convolutions=2, context=16, dense=16)


def drawn_frame(seed: int) -> SeenFrame:
    """Return a frame of coloured rectangles."""
    height_m = 0.02 * (seed % 10)
    return SeenFrame(
        pattern_image(seed),
        np.array([0.0, height_m]),
        np.array([0.57, 0.0, height_m, 0.1]),
        ROBOT1.camera.projection_base_to_px(),
    )
