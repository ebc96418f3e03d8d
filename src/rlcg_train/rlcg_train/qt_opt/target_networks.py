# SPDX-License-Identifier: Apache-2.0
"""The two networks that targets come from: an average of the trained one, and an older average.

theta1 is the exponential average of theta; theta2 is theta1 as it was a number of gradient steps
ago (QT-Opt 4.3: 0.9999 and about 6,000; short runs need less).
"""

import copy
from collections import deque
from dataclasses import dataclass
from typing import Any

from torch import nn

from rlcg_train.averaging import follow


@dataclass(frozen=True)
class AverageSettings:
    """``decay`` per gradient step; ``lag`` in steps, ``snapshots`` kept over that time."""

    decay: float = 0.999
    lag: int = 1000
    snapshots: int = 8


class TargetNetworks:
    """``averaged`` is theta1, which is also the policy; ``lagged`` is theta2."""

    def __init__(self, online: nn.Module, settings: AverageSettings) -> None:
        """Begin with copies of the online network."""
        self._online, self._settings = online, settings
        self.averaged, self.lagged = copy.deepcopy(online).eval(), copy.deepcopy(online).eval()
        self.steps = 0
        self._kept: deque[tuple[int, dict[str, Any]]] = deque()
        self._keep()

    @property
    def _every(self) -> int:
        return max(1, self._settings.lag // self._settings.snapshots)

    def _keep(self) -> None:
        state = {name: value.clone() for name, value in self.averaged.state_dict().items()}
        self._kept.append((self.steps, state))

    def update(self) -> None:
        """Take in one gradient step of the online network."""
        self.steps += 1
        # A plain mean at first: the average of few steps should not remember the beginning.
        decay = min(self._settings.decay, self.steps / (self.steps + 9))
        follow(self.averaged, self._online, decay)
        if self.steps % self._every == 0:
            self._keep()
            self._take_lagged()

    def _take_lagged(self) -> None:
        """Let theta2 be the newest snapshot that is at least ``lag`` steps old."""
        newest_allowed = self.steps - self._settings.lag
        while len(self._kept) > 1 and self._kept[1][0] <= newest_allowed:
            self._kept.popleft()
        self.lagged.load_state_dict(self._kept[0][1])

    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs to go on exactly."""
        return {
            "averaged": self.averaged.state_dict(),
            "lagged": self.lagged.state_dict(),
            "kept": list(self._kept),
            "steps": self.steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.averaged.load_state_dict(state["averaged"])
        self.lagged.load_state_dict(state["lagged"])
        self._kept = deque(state["kept"])
        self.steps = state["steps"]
