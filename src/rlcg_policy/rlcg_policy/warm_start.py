# SPDX-License-Identifier: Apache-2.0
"""Where the search of a frame begins: at the model's own start, or near the last choice."""

import numpy as np
import numpy.typing as npt

from rlcg_core.manifest import CemStart
from rlcg_core.types import Action

FloatArray = npt.NDArray[np.float64]
# Half the model's own width still finds a way out of a choice that has become a poor one.
WIDTH = 0.5


class WarmStart:
    """A start near the last choice, while ``enabled``: it suits a scene that changes slowly."""

    def __init__(self, start: CemStart, enabled: bool) -> None:
        self._mean0, self._std0 = np.array(start.mean0), np.array(start.std0)
        self._enabled = enabled
        self._last: FloatArray | None = None

    def reset(self) -> None:
        """Forget the last choice."""
        self._last = None

    def begin(self) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation (V,) of the first samples."""
        if self._last is None:
            return self._mean0, self._std0
        return self._last, WIDTH * self._std0

    def note(self, goal: npt.ArrayLike, action: Action) -> None:
        """Take in what was chosen and done; after the gripper moved, another choice is due."""
        keep = self._enabled and not (action.close or action.open)
        self._last = np.array(goal, np.float64) if keep else None
