# SPDX-License-Identifier: Apache-2.0
"""What was found out about a plan on this machine."""

from dataclasses import dataclass
from typing import Literal

from rlcg_core.regret import Regret


@dataclass(frozen=True)
class Timing:
    """Medians of one decision with a search of a size: wall time and processor time [ms]."""

    iterations: int
    samples: int
    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Answer:
    """What a graph chose on a frame, and the Q-value that it gave.

    ``commands``: close, open, terminate, as given.
    """

    goal: tuple[float, ...]
    q_value: float
    commands: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether a plan may serve. ``timings`` begin with the full search.

    ``refusal``: "quality" for a plan that computes, but chooses worse than its precision may;
    "fault" for one that does not do what this runtime offers. ``regret`` is None without stored
    frames. ``node_share``: share of the graph's nodes on the plan's provider, None if unknown.
    ``first``: the answer on the first stored frame, by which a later session is known again.
    """

    plan: str
    refusal: Literal["", "quality", "fault"] = ""
    reason: str = ""
    timings: tuple[Timing, ...] = ()
    regret: Regret | None = None
    node_share: float | None = None
    first: Answer | None = None

    @property
    def ok(self) -> bool:
        """Whether the plan may serve."""
        return not self.refusal

    def wall_ms(self, budget: tuple[int, int]) -> float:
        """Return the median for a search of (iterations, samples), infinity if not measured."""
        found = (t.wall_ms for t in self.timings if (t.iterations, t.samples) == budget)
        return next(found, float("inf"))

    def __str__(self) -> str:
        """Return one line for logs and diagnostics."""
        parts = [
            f"{t.iterations}x{t.samples} {t.wall_ms:.1f} ms, {t.cpu_ms:.1f} core-ms"
            for t in self.timings
        ]
        if self.regret is not None:
            r = self.regret
            parts.append(f"regret mean {r.mean:.4f} p95 {r.p95:.4f} on {r.frames} frames")
        if self.node_share is not None:
            parts.append(f"{100.0 * self.node_share:.0f}% of nodes")
        parts.append(f"refused: {self.reason}" if self.refusal else "good")
        return "; ".join(parts)
