# SPDX-License-Identifier: Apache-2.0
"""An episode for training, wherever it comes from: a bag of ours or a public data set."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rlcg_core.reasons import Outcome
from rlcg_core.types import ImageArray

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StepRecord:
    """One instant and what was decided there.

    ``image_hwc``: (512, 640, 3) uint8 RGB. ``state``: gripper closed, height above the tray [m].
    ``tool_pose``: x, y, z [m], yaw [rad]. ``projection``: (3, 4) flattened, empty where the
    camera is not known. ``action`` (8,): in the order of `rlcg_core.spec`. ``q_value`` and CEM's
    last fit: None and empty where none was told.
    """

    image_hwc: ImageArray
    state: tuple[float, ...]
    tool_pose: tuple[float, ...]
    projection: tuple[float, ...]
    action: tuple[float, ...]
    stamp_s: float
    q_value: float | None = None
    cem_mean: tuple[float, ...] = ()
    cem_std: tuple[float, ...] = ()
    phase: str = ""


@dataclass(frozen=True)
class EpisodeRecord:
    """One episode; ``source`` says where it comes from, ``about`` whatever else is known."""

    name: str
    source: str
    steps: tuple[StepRecord, ...]
    outcome: Outcome
    judge: str
    about: dict[str, str] = field(default_factory=dict)

    def reward(self, step: int) -> float | None:
        """Return 1 for the last step of a success, else 0; None while nobody judged."""
        if self.outcome not in (Outcome.SUCCESS, Outcome.FAILURE):
            return None
        return float(self.outcome is Outcome.SUCCESS and self.done(step))

    def done(self, step: int) -> bool:
        """Return whether the episode ends with this step."""
        return step == len(self.steps) - 1
