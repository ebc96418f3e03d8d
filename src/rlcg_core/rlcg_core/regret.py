# SPDX-License-Identifier: Apache-2.0
"""What a faster form of a policy costs: Q of the exact choice minus Q of the fast one.

Both Q-values are float32's. CEM is chaotic where Q is flat, so "the same action" is the wrong
question for reduced precision; the method's own scatter is the yardstick: what another seed of
the search costs on the same frames. float32 forms must choose the same action instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlcg_core.errors import ConfigError

MEAN_LIMIT = 0.01
SAME_GOAL = 1e-3


@dataclass(frozen=True)
class Regret:
    """Of ``frames`` frames: mean and 95th percentile of the regret, and of other seeds' regret.

    ``same_share``: share of frames on which the same sample was chosen, in [0, 1].
    """

    frames: int
    mean: float
    p95: float
    seed_mean: float
    seed_p95: float
    same_share: float

    @property
    def complaint(self) -> str:
        """Return why the form must not serve, empty if it may."""
        # A little slack, so that a policy whose seeds agree perfectly is not refused for rounding.
        if self.p95 > max(self.seed_p95, MEAN_LIMIT):
            return (
                f"95th percentile of the regret is {self.p95:.3g}, of other seeds "
                f"{self.seed_p95:.3g}, on {self.frames} frames"
            )
        if self.mean > max(self.seed_mean, MEAN_LIMIT):
            return f"mean regret is {self.mean:.3g}, expected at most {MEAN_LIMIT:g}"
        return ""


def same_goal(one: Sequence[float], other: Sequence[float]) -> bool:
    """Return whether two samples are the same but for rounding."""
    return bool(np.max(np.abs(np.subtract(one, other))) <= SAME_GOAL)


def worth(exact: tuple[float, Sequence[bool]], fast: tuple[float, Sequence[bool]]) -> float:
    """Return float32's Q of what a fast form chose.

    Both are Q and commands (close, open, terminate), ``exact`` those of float32 with the fast
    form's sample. A graph tells the Q of the better of move and command only. So where the commands
    differ the fast form's own Q counts if it is a tie, and else all of the Q is lost.
    """
    if tuple(exact[1]) == tuple(fast[1]):
        return exact[0]
    tie = abs(exact[0] - fast[0]) <= MEAN_LIMIT
    return min(exact[0], fast[0]) if tie else 0.0


def compare(
    q_exact: Sequence[float],
    q_fast: Sequence[float],
    q_other_seeds: Sequence[Sequence[float]],
    same: Sequence[bool],
) -> Regret:
    """Return the regret over frames.

    ``q_exact``: float32's Q of what float32 chooses; ``q_fast``: float32's Q of what the fast form
    chooses with the same noise; ``q_other_seeds``: per frame, float32's Q of what float32 chooses
    with other noise. Raises `ConfigError` unless all have one entry per frame and none is empty.
    """
    lengths = {len(q_exact), len(q_fast), len(q_other_seeds), len(same)}
    if len(lengths) != 1 or not q_exact or not all(q_other_seeds):
        raise ConfigError(f"regret over {sorted(lengths)} frames, expected the same number, not 0")
    own = np.subtract(q_exact, q_fast)
    others = np.concatenate(
        [exact - np.asarray(row) for exact, row in zip(q_exact, q_other_seeds, strict=True)]
    )
    return Regret(
        frames=len(own),
        mean=float(own.mean()),
        p95=float(np.percentile(own, 95)),
        seed_mean=float(others.mean()),
        seed_p95=float(np.percentile(others, 95)),
        same_share=float(np.mean(same)),
    )
