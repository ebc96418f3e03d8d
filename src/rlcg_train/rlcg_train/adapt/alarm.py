# SPDX-License-Identifier: Apache-2.0
"""Is Q collapsing? A uniform Q gives a falsely low RL-scene loss (RL-CycleGAN, appendix A)."""

from dataclasses import dataclass
from typing import Any

SCENE, SPREAD, AUC = "scene", "q_spread", "auc"


@dataclass(frozen=True)
class AlarmSettings:
    """A spread of Q over actions below ``spread``, or an AUC ``drop`` below its best so far.

    The drop counts only while the scene loss falls. Silent before ``after`` judgements.
    """

    spread: float = 0.01
    drop: float = 0.05
    after: int = 3


class SceneAlarm:
    """Watches judgements: metrics whose names begin with ``auc`` or ``q_spread``, and ``scene``."""

    def __init__(self, settings: AlarmSettings) -> None:
        self._settings = settings
        self._best: dict[str, float] = {}
        self._scene, self._judgements = float("inf"), 0

    def text(self, metrics: dict[str, float]) -> str:
        """Return what is wrong, empty if nothing is."""
        self._judgements += 1
        falls = metrics.get(SCENE, float("inf")) < self._scene
        self._scene = metrics.get(SCENE, float("inf"))
        wrong = [self._of_one(name, value, falls) for name, value in metrics.items()]
        return "; ".join(text for text in wrong if text) if self._late else ""

    @property
    def _late(self) -> bool:
        return self._judgements >= self._settings.after

    def _of_one(self, name: str, value: float, falls: bool) -> str:
        if name.startswith(SPREAD) and value < self._settings.spread:
            return (
                f"{name} is {value:.4f}, expected above {self._settings.spread:g}: Q says the same "
                "of all actions; lower the weight of the scene loss"
            )
        if not name.startswith(AUC) or value != value:
            return ""
        best = max(self._best.get(name, 0.0), value)
        self._best[name] = best
        if falls and value < best - self._settings.drop:
            return (
                f"{name} fell from {best:.2f} to {value:.2f} while the scene loss fell: collapse?"
            )
        return ""

    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs."""
        return {"best": self._best, "scene": self._scene, "judgements": self._judgements}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._best, self._scene = dict(state["best"]), state["scene"]
        self._judgements = state["judgements"]
