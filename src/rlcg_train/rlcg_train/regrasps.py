# SPDX-License-Identifier: Apache-2.0
"""How often a policy tries again in an episode, out of logged ones.

A policy that does not see that its jaw is empty never tries again; pictures that a generator spoils
near the gripper do that (RCAN, section 5). Only models that choose the whole action can: those
that follow the rule of the grasp close once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.reasons import Outcome
from rlcg_train.logged import LoggedEpisode

CLOSE, OPEN = (spec.ACTION_NAMES.index(name) for name in ("close", "open"))


@dataclass(frozen=True)
class Regrasps:
    """Of some episodes: their number, how often the jaw closed in all of them, and tries again.

    ``first_failed``: episodes whose first try came to nothing; ``tried_again`` of them.
    """

    episodes: int
    closings: int
    first_failed: int
    tried_again: int

    def __str__(self) -> str:
        """Return the same in words."""
        per_episode = self.closings / max(1, self.episodes)
        return (
            f"{self.episodes} episodes, {per_episode:.2f} closings each; of {self.first_failed} "
            f"whose first try failed {self.tried_again} tried again"
        )


def closings(actions: npt.NDArray[np.float64]) -> int:
    """Return how often actions (T, 8) close a jaw that was open; it is open at first."""
    count, closed = 0, False
    for action in actions:
        if action[CLOSE] > 0.5:
            count, closed = count + (not closed), True
        elif action[OPEN] > 0.5:
            closed = False
    return count


def regrasps(episodes: Iterable[LoggedEpisode]) -> Regrasps:
    """Count over episodes."""
    found = [(closings(e.actions), e.outcome is Outcome.SUCCESS) for e in episodes]
    again = sum(count > 1 for count, _ in found)
    failed_once = sum(count == 1 and not success for count, success in found)
    return Regrasps(len(found), sum(count for count, _ in found), again + failed_once, again)
