# SPDX-License-Identifier: Apache-2.0
"""Where a move of the ``reach`` profile leads: its four searched numbers, as a place of the tool.

``reach_x``, ``reach_y`` and ``reach_yaw`` are signed square roots of the way from the tool, so that
a normal draw finds the far end of the bin and, as often, the millimetre beside the tool;
``reach_height`` is the square root of the height within its range.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

VARIABLES = ("reach_x", "reach_y", "reach_height", "reach_yaw")
REACH_M = 0.4
TURN_RAD = 0.5 * np.pi
# Heights of the tool above the tray.
LOWEST_M, HIGHEST_M = 0.010, 0.25


def targets(samples: FloatArray, pose: npt.ArrayLike) -> FloatArray:
    """Return targets (n, 4) of samples (n, 4): x, y, height above the tray [m], yaw [rad].

    ``pose`` (4,): where the tool is, likewise. Targets are not cut to the workspace yet.
    """
    spread = samples * np.abs(samples)
    ways = np.array([REACH_M, REACH_M, HIGHEST_M - LOWEST_M, TURN_RAD])
    x_m, y_m, _, yaw_rad = np.asarray(pose, np.float64)
    return np.asarray(np.array([x_m, y_m, LOWEST_M, yaw_rad]) + ways * spread)
