# SPDX-License-Identifier: Apache-2.0
"""The script that fills the log, as a lab would write one: it knows pictures, not poses.

Before the objects are put in, it takes a picture of the empty tray; wherever the picture differs
from that, something may lie. It grasps near a random such place at a random turn, sometimes
anywhere, and carries that out by the grasp rule. QT-Opt's start policy was of this kind: random but
biased to plausible grasps, 15-30% success (Kalashnikov et al. 2018).
"""

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core import rule as grasp_rule
from rlcg_core.robots import Robot
from rlcg_core.types import Decision, ImageArray, Observation

FloatArray = npt.NDArray[np.float64]

ANYWHERE_SHARE = 0.45
NOISE_M = 0.015
EDGE_M = 0.03
# What a picture may differ by without anything there: noise, and light scattered by objects.
DIFFERENCE = 24
# Between tray and top of most objects: where a pixel is taken to lie.
HEIGHT_M = 0.02
NOTHING_KNOWN = np.zeros(0)


class LabScript:
    """A `rlcg_core.ports.Policy` that learns nothing."""

    def __init__(self, robot: Robot) -> None:
        self._cell, self._rule = robot.cell, robot.rule
        self._empty: ImageArray | None = None
        self.reset(0)

    def see_empty(self, image_hwc: ImageArray) -> None:
        """Take the picture of the tray before the objects are in it."""
        self._empty = image_hwc.copy()

    def reset(self, seed: int) -> None:
        """Begin an episode; the same seed and pictures repeat the same decisions."""
        self._rng = np.random.default_rng([seed, 21])
        self._memory, self._goal = grasp_rule.RuleMemory(), NOTHING_KNOWN

    def decide(self, observation: Observation) -> Decision:
        """Return the rule's step to a goal that is chosen in the first picture."""
        if not len(self._goal):
            self._goal = self._choose(observation)
        goal = None
        if self._memory.needs_goal:
            goal = grasp_rule.goal_pose(self._goal, observation, self._rule)
        action, self._memory = grasp_rule.step(self._memory, self._rule, observation, goal)
        phase = self._memory.phase.value
        return Decision(action, 0.5, NOTHING_KNOWN, NOTHING_KNOWN, phase, goal, network_ran=False)

    def _choose(self, observation: Observation) -> FloatArray:
        """Return a goal (3,): x, y [m], yaw [rad]."""
        half_m = 0.5 * np.array(self._cell.goal_area.size_xy_m) - EDGE_M
        centre_m = np.array(self._cell.goal_area.centre_xy_m)
        yaw_rad = self._rng.uniform(-np.pi / 2, np.pi / 2)
        places = self._changed_places(observation)
        inside = places[np.all(np.abs(places - centre_m) < half_m, axis=1)]
        if self._rng.random() < ANYWHERE_SHARE or not len(inside):
            return np.array([*(centre_m + self._rng.uniform(-1, 1, 2) * half_m), yaw_rad])
        place_m = inside[int(self._rng.integers(len(inside)))]
        return np.array([*(place_m + NOISE_M * self._rng.normal(size=2)), yaw_rad])

    def _changed_places(self, observation: Observation) -> FloatArray:
        """Return where the picture differs from that of the empty tray, (n, 2) base x, y [m]."""
        if self._empty is None:
            return np.zeros((0, 2))
        change = cv2.absdiff(observation.image_hwc, self._empty).max(axis=2)
        rows, columns = np.nonzero(
            cv2.erode((change > DIFFERENCE).astype(np.uint8), np.ones((5, 5)))
        )
        pixels = np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))])
        # On the plane at HEIGHT_M the projection is a homography of x and y.
        p = observation.projection_base_to_px
        z_m = self._cell.bin.floor_z_m + HEIGHT_M
        plane = np.stack([p[:, 0], p[:, 1], p[:, 2] * z_m + p[:, 3]], axis=1)
        places = np.linalg.solve(plane, pixels)
        return np.asarray((places[:2] / places[2]).T)
